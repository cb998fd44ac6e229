import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hiddenTexts, redact, redactBody, redactWord } from '../../../src/domain/text/redaction.ts';

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
    ['no command eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', 'eyJhbGciOiJSUzI1NiJ9'],
    ['connect to https://ada:hunter2@api.example/path failed', 'hunter2'],
  ])('the secret in %s is redacted', (text, secret) => {
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
  ])('%j is not redacted', (text) => {
    expect(redact(text)).toBe(text);
  });

  test.each([
    'eyJhbGciOiJSUzI1NiJ9',
    'tok_4711_abcdefghijklmn',
    'c4nary-token+/c4nary==',
    'ca0c8154-1e14-4464-a1ce-dcea7dc3de52',
  ])('the word %s may be a secret, and is not repeated', (word) => {
    expect(redactWord(word)).toBe('[redacted]');
  });

  test.each([
    'statsu',
    'wait-produced',
    'simulate-all-cards-of-a-kiosk',
    'WIS00001',
    '1001/501',
    'PRD_HOPPER_DOOR',
    'reports/2026-11-22/hopper-door',
  ])('the word %s is repeated', (word) => {
    expect(redactWord(word)).toBe(word);
  });

  test('a known secret is redacted everywhere, whatever its characters', () => {
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

  test('two known secrets with the same beginning are redacted completely', () => {
    expect(redact('tok-4711 tok-4711-more', ['tok-4711', 'tok-4711-more'])).toBe('[redacted] [redacted]');
  });

  test('empty and short secrets are not redacted', () => {
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

  test('the redacted body shows harmless fields', () => {
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
  ])('personal data in %j are redacted', (body, secret) => {
    expect(JSON.stringify(redactBody(body))).not.toMatch(secret);
  });

  test('texts that were redacted in the request are redacted in the answer', () => {
    const hidden = hiddenTexts(ORDER);
    expect(redactBody({ message: 'Ada Example has no N1 1AA in London' }, hidden)).toEqual({
      message: '[redacted] has no [redacted] in [redacted]',
    });
  });

  test('the redacted body shows names of programs, ids and statuses', () => {
    const body = { id: 501, cardProgram: { name: 'VISA' }, status: 'PLACED', cards: null, ok: true };
    expect(redactBody(body)).toEqual(body);
  });
});
