import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { orderFile, orderRequest } from '../../src/wire/orders.ts';

const ORDER = {
  program: 'P',
  cardHolderName: 'Ada Example',
  address: { firstLine: '1 Road', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};

function mistakes(schema: v.GenericSchema, data: unknown): string[] {
  const { issues = [] } = v.safeParse(schema, data);
  return issues.map((issue) => v.getDotPath(issue) ?? '');
}

describe('the body of an order', () => {
  test.each<[string, Record<string, unknown>]>([
    ['as little as may be', {}],
    [
      'all of it',
      { embossedName: 'ADA EXAMPLE', phoneNumber: '+441234567890', lifetimeLimit: 0, cardHolderProfileId: 7 },
    ],
    ['a name of 1 character on the card', { embossedName: 'A' }],
    ['a name of 22 characters on the card', { embossedName: 'A'.repeat(22) }],
    ['a kiosk', { deliveryOption: 'KIOSK_COLLECTION' }],
    ['a replacement', { replacementDetails: { cardToken: 't', reason: 'CARD_DAMAGED' } }],
    [
      'a part of an address that only some countries have',
      { address: { ...ORDER.address, prefecture: 'Kyoto' } },
    ],
  ])('may have %s', (_, more) => {
    expect(v.parse(orderRequest, { ...ORDER, ...more })).toEqual({ ...ORDER, ...more });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['no program', { program: undefined }, 'program'],
    ['an empty program', { program: '  ' }, 'program'],
    ['no cardholder', { cardHolderName: undefined }, 'cardHolderName'],
    ['no address', { address: undefined }, 'address'],
    ['an empty name on the card', { embossedName: ' ' }, 'embossedName'],
    ['a name of 23 characters on the card', { embossedName: 'A'.repeat(23) }, 'embossedName'],
    ['a phone number without +', { phoneNumber: '441234567890' }, 'phoneNumber'],
    ['a phone number in letters', { phoneNumber: '+44 CALL ADA' }, 'phoneNumber'],
    ['a negative limit', { lifetimeLimit: -1 }, 'lifetimeLimit'],
    ['a delivery that does not exist', { deliveryOption: 'PIGEON' }, 'deliveryOption'],
    ['a replacement for no reason', { replacementDetails: { cardToken: 't' } }, 'replacementDetails.reason'],
    ['a profile that is none', { cardHolderProfileId: 0 }, 'cardHolderProfileId'],
    ['a post code as a number', { address: { postCode: 12_345 } }, 'address.postCode'],
  ])('must not have %s', (_, more, path) => {
    expect(mistakes(orderRequest, { ...ORDER, ...more })).toEqual([path]);
  });
});

describe('a part of an order in a file', () => {
  test('an order file may have any of the documented fields', () => {
    expect(mistakes(orderFile, {})).toEqual([]);
    expect(mistakes(orderFile, { address: { city: 'Leeds' } })).toEqual([]);
  });

  test('an order file must not have a field that Wise does not document', () => {
    expect(mistakes(orderFile, { cardholderName: 'Ada' })).toEqual(['cardholderName']);
    expect(mistakes(orderFile, { replacementDetails: { cardToken: 't', reason: 'LOST' } })).toEqual([
      'replacementDetails.reason',
    ]);
  });

  test.each([[['a']], ['text'], [null], [7]])('is not %j', (data) => {
    expect(mistakes(orderFile, data)).not.toEqual([]);
  });
});
