import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hiddenTexts, redact, redactBody } from '../../../src/domain/text/redaction.ts';

describe('redaction', () => {
  test.each([
    ['Authorization: Bearer eyJhbGciOi.J9-_x/+=', 'eyJhbGciOi'],
    ['got {"authorization":"Bearer eyJhbGciOi"}', 'eyJhbGciOi'],
    ['bearer abc123def', 'abc123def'],
    ['authorization: Basic dXNlcjpwYXNzd29yZA==', 'dXNlcjpwYXNzd29yZA'],
    ['{"access_token":"tok-4711","expires_in":1}', 'tok-4711'],
    ['{ "refresh_token" : "tok-4711" }', 'tok-4711'],
    ['grant_type=refresh_token&refresh_token=tok-4711&x=1', 'tok-4711'],
    ["client_secret='tok-4711'", 'tok-4711'],
    ['connect to https://ada:hunter2@api.example/path failed', 'hunter2'],
  ])('takes the secret out of %s', (text, secret) => {
    const safe = redact(text);
    expect(safe).not.toContain(secret);
    expect(safe).toContain('[redacted]');
  });

  test.each([
    'The API failed (502).',
    'Card 1001/ca0c8154-1e14-4464-a1ce-dcea7dc3de52 is not ready.',
    'kioskctl produce 1001/501 --kiosk WIS00001',
    'https://api.wise-sandbox.com/v3/spend',
    '',
  ])('leaves %j as it is', (text) => {
    expect(redact(text)).toBe(text);
  });

  test('takes a known secret out, wherever it stands and whatever characters it has', () => {
    const secret = fc.string({ minLength: 8 }).filter((text) => !'[redacted]'.includes(text));
    fc.assert(
      fc.property(fc.array(fc.string()), secret, (parts, known) => {
        fc.pre(!parts.some((part) => part.includes('[redacted')));
        const safe = redact(parts.join(known), [known]);
        fc.pre(!known.includes('redacted') && !known.includes('[') && !known.includes(']'));
        expect(safe).not.toContain(known);
      }),
    );
  });

  test('of two known secrets, one of which begins like the other, leaves nothing of either', () => {
    expect(redact('tok-4711 tok-4711-more', ['tok-4711', 'tok-4711-more'])).toBe('[redacted] [redacted]');
  });

  test('an empty secret is none, and a short one is not looked for in plain words', () => {
    expect(redact('as it is', ['', 'is'])).toBe('as it is');
  });
});

describe('a body that is shown to whoever debugs', () => {
  const ORDER = {
    program: 'VISA_DEBIT',
    cardHolderName: 'Ada Example',
    embossedName: 'ADA E',
    phoneNumber: '+447700900123',
    address: { firstLine: '1 High Street', city: 'London', postCode: 'N1 1AA', country: 'GB', type: 'HOME' },
    deliveryOption: 'KIOSK_COLLECTION',
    lifetimeLimit: 5,
    replacementDetails: { cardToken: 'ca0c8154-1e14-4464-a1ce-dcea7dc3de52', reason: 'CARD_DAMAGED' },
  };

  test('shows what says nothing about a person', () => {
    expect(redactBody(ORDER)).toEqual({
      program: 'VISA_DEBIT',
      cardHolderName: '[redacted]',
      embossedName: '[redacted]',
      phoneNumber: '[redacted]',
      address: Object.fromEntries(Object.keys(ORDER.address).map((name) => [name, '[redacted]'])),
      deliveryOption: 'KIOSK_COLLECTION',
      lifetimeLimit: 5,
      replacementDetails: { cardToken: 'ca0c8154-1e14-4464-a1ce-dcea7dc3de52', reason: 'CARD_DAMAGED' },
    });
  });

  test.each([
    [{ access_token: 'tok-4711', token_type: 'bearer', expires_in: 12 }, /tok-4711/],
    [{ client_secret: 'tok-4711', refresh_token: 'tok-4711' }, /tok-4711/],
    [{ lastFourDigits: '4242', expiryDate: '2030-01-31', cvv: 123 }, /4242|2030|123/],
    [{ cards: [{ token: 't', pan: 4_242_424_242_424_242 }] }, /4242/],
    [{ message: 'no card 4242 4242 4242 4242 here' }, /4242/],
    [{ errors: [{ message: 'bad phone +44 7700 900123', arguments: ['Ada'] }] }, /7700|Ada/],
    [{ name: 'Ada Example', cardHolder: { name: 'Ada' } }, /Ada/],
    [{ somethingNew: { nobodyKnows: 'Ada', atAll: 7 } }, /Ada|7/],
  ])('leaves out whatever may: %j', (body, secret) => {
    expect(JSON.stringify(redactBody(body))).not.toMatch(secret);
  });

  test('leaves out what was left out of another one, wherever it stands', () => {
    const hidden = hiddenTexts(ORDER);
    expect(redactBody({ message: 'Ada Example has no N1 1AA in London' }, hidden)).toEqual({
      message: '[redacted] has no [redacted] in [redacted]',
    });
  });

  test('keeps names of programs, ids and statuses', () => {
    const body = { id: 501, cardProgram: { name: 'VISA' }, status: 'PLACED', cards: null, ok: true };
    expect(redactBody(body)).toEqual(body);
  });
});
