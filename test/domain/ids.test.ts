import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../src/domain/errors/failure.ts';
import {
  formatReference,
  parseCardToken,
  parseId,
  parseKioskId,
  parseReference,
} from '../../src/domain/ids.ts';
import { TOKEN } from '../harness/records.ts';

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const reference = fc.record({
  profileId: fc.option(id),
  name: fc.oneof(
    fc.uuid().map((cardToken) => ({ cardToken, orderId: null })),
    id.map((orderId) => ({ cardToken: null, orderId })),
  ),
});

describe('a card reference', () => {
  test('a card reference is read as it was written', () => {
    fc.assert(
      fc.property(reference, ({ profileId, name }) => {
        const whole = { profileId, ...name };
        expect(parseReference(formatReference(whole))).toEqual(whole);
        expect(parseReference(` ${formatReference(whole).toUpperCase()}\n`)).toEqual(whole);
      }),
    );
  });

  test.each([
    [TOKEN, { profileId: null, cardToken: TOKEN, orderId: null }],
    [`1001/${TOKEN.toUpperCase()}`, { profileId: 1001, cardToken: TOKEN, orderId: null }],
    ['501', { profileId: null, cardToken: null, orderId: 501 }],
    ['1001/501', { profileId: 1001, cardToken: null, orderId: 501 }],
    // As the vendor's events write an order id.
    ['1001L', { profileId: null, cardToken: null, orderId: 1001 }],
    ['7/1001L', { profileId: 7, cardToken: null, orderId: 1001 }],
    ['9007199254740991', { profileId: null, cardToken: null, orderId: Number.MAX_SAFE_INTEGER }],
  ])('the card reference %s is read', (text, whole) => {
    expect(parseReference(text)).toEqual(whole);
  });

  test.each([
    '',
    '   ',
    '-',
    '/',
    '1001/',
    '/501',
    '1001/501/3',
    '1001//501',
    '0',
    '00',
    '1001/0',
    '0/501',
    '-5',
    '+5',
    '1.5',
    '1e3',
    '9007199254740992',
    '99999999999999999999/501',
    'L',
    '501LL',
    '1001L/501',
    `${TOKEN}L`,
    TOKEN.slice(1),
    `${TOKEN}0`,
    TOKEN.replaceAll('-', ''),
    `${TOKEN}/1001`,
    'WIS00001',
    '501 502',
    '501\n502',
    '１００１',
    'null',
    'https://example.com/501',
  ])('%j is not a card reference', (text) => {
    const parse = () => parseReference(text);
    expect(parse).toThrow(Failure);
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid-reference', exitCode: 2 }));
  });

  test('a malformed reference is shown shortened and without control characters', () => {
    const nasty = `\u001b]0;owned\u0007${'x'.repeat(10_000)}`;
    const parse = () => parseReference(nasty);
    expect(parse).toThrow(expect.objectContaining({ message: expect.not.stringContaining('\u001b') }));
    expect(parse).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{10,200}$/) }));
  });

  test('a formatted reference prefers the token', () => {
    expect(formatReference({ profileId: 1001, cardToken: TOKEN, orderId: 501 })).toBe(`1001/${TOKEN}`);
  });
});

test.each(['0', '-1', '1.0', ' 1', '1 ', '0x10', '', 'NaN', '9007199254740993'])(
  '%j is not an id',
  (text) => {
    expect(() => parseId(text, 'profile id')).toThrow(
      expect.objectContaining({ code: 'invalid-reference', hint: expect.stringContaining('profile id') }),
    );
  },
);

describe('a kiosk id', () => {
  test.each(['WIS00001', 'k', 'Zürich-3', 'x'.repeat(100)])(
    'the kiosk id %s is accepted unchanged',
    (text) => {
      expect(parseKioskId(text)).toBe(text);
    },
  );

  test.each(['', ' ', 'a b', ' WIS00001', 'x'.repeat(101), 'a\u00adb', 'a\u001b[2J', 'a\u2028b'])(
    '%j is refused',
    (text) => expect(() => parseKioskId(text)).toThrow(/is not a kiosk id/),
  );
});

test('a card token is a UUID, and is written in lower case', () => {
  expect(parseCardToken(` ${TOKEN.toUpperCase()} `)).toBe(TOKEN);
  expect(() => parseCardToken('501')).toThrow(/is not a card/);
});
