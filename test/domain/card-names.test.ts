import { describe, expect, test } from 'vitest';
import {
  isPrefixOf,
  type NamedCard,
  parseCardName,
  parseCardToken,
  shortenReferences,
  shortNames,
  tokenBeginnings,
} from '../../src/domain/ids.ts';

const TOKEN = '3eb4e0f2-1111-4222-8333-444455556666';

function card(token: string, orderId: number | null = null): NamedCard {
  return { profileId: 1001, cardToken: parseCardToken(token), orderId };
}

describe('a card is named', () => {
  test.each([
    ['3eb4e0f2', { profileId: null, tokenPrefix: '3eb4e0f2' }],
    ['1001/3EB4E0F2-11', { profileId: 1001, tokenPrefix: '3eb4e0f2-11' }],
    ['12345678-', { profileId: null, tokenPrefix: '12345678-' }],
    [
      '12345678-1111-4222-8333-44445555666',
      { profileId: null, tokenPrefix: '12345678-1111-4222-8333-44445555666' },
    ],
  ])('%s is the beginning of a token', (text, name) => {
    expect(parseCardName(text)).toEqual(name);
  });

  test('a name of decimal digits is an order id, and a complete token is no prefix', () => {
    expect(parseCardName('12345678')).toEqual({ profileId: null, cardToken: null, orderId: 12_345_678 });
    expect(parseCardName(`1001/${TOKEN}`)).toEqual({ profileId: 1001, cardToken: TOKEN, orderId: null });
  });

  test.each(['3eb4e0f', '3eb4e0f2111', '3eb4e0f2_', '3eb4e0f2-1111-4222-8333-4444555566667', '0/3eb4e0f2'])(
    '%s names no card',
    (text) => {
      expect(() => parseCardName(text)).toThrow(expect.objectContaining({ code: 'invalid-reference' }));
    },
  );
});

test('a prefix with a profile names only cards of that profile', () => {
  const one = card(TOKEN);
  expect(isPrefixOf({ profileId: null, tokenPrefix: '3eb4e0f2' }, one)).toBe(true);
  expect(isPrefixOf({ profileId: 1001, tokenPrefix: '3eb4e0f2-1' }, one)).toBe(true);
  expect(isPrefixOf({ profileId: 1002, tokenPrefix: '3eb4e0f2' }, one)).toBe(false);
  expect(isPrefixOf({ profileId: null, tokenPrefix: '3eb4e0f3' }, one)).toBe(false);
});

function nameOf(...cards: NamedCard[]): string[] {
  return [...shortNames(cards).values()];
}

describe('a short name', () => {
  test('a short name contains the order id if it is known, otherwise the first eight digits of the token', () => {
    expect(nameOf(card(TOKEN, 501), card('aaaaaaaa-1111-4222-8333-444455556666'))).toEqual([
      '1001/501',
      '1001/aaaaaaaa',
    ]);
  });

  test('a short name is longer if other cards start with the same digits', () => {
    expect(nameOf(card(TOKEN), card('3eb4e0f2-1112-4222-8333-444455556666', 7))).toEqual([
      '1001/3eb4e0f2-1111',
      '1001/7',
    ]);
  });

  test('a short name is longer if it would be an order id', () => {
    expect(nameOf(card('12345678-1111-4222-8333-444455556666'))).toEqual(['1001/12345678-1']);
  });

  test('a short name is parsed as a prefix of its own card only', () => {
    const cards = [card(TOKEN), card(TOKEN.replace(/6$/, '7')), card('12345678-1111-4222-8333-444455556666')];
    const found = nameOf(...cards).map((name) => {
      const prefix = parseCardName(name);
      return cards.filter((one) =>
        'tokenPrefix' in prefix ? isPrefixOf(prefix, one) : prefix.cardToken === one.cardToken,
      );
    });
    expect(found).toEqual(cards.map((one) => [one]));
  });
});

describe('in a text', () => {
  const names = shortNames([card(TOKEN)]);
  const other = '1001/aaaaaaaa-1111-4222-8333-444455556666';

  test('references of known cards become short names in a text, and others are unchanged', () => {
    const text = `1001/${TOKEN} failed.\nRetry: kioskctl retry 1001/${TOKEN}; ${other}`;
    expect(shortenReferences(text, names)).toBe(
      `1001/3eb4e0f2 failed.\nRetry: kioskctl retry 1001/3eb4e0f2; ${other}`,
    );
    expect(tokenBeginnings(text)).toEqual(['3eb4e0f2', 'aaaaaaaa']);
  });

  test('a reference at the start of coloured text becomes a short name', () => {
    expect(shortenReferences(`\u001b[31m1001/${TOKEN}: failed\u001b[39m`, names)).toBe(
      '\u001b[31m1001/3eb4e0f2: failed\u001b[39m',
    );
  });

  test.each([`/v3/profiles/1001/${TOKEN}`, `1001/${TOKEN}-1`, `1001/${TOKEN}\tfailed`])(
    '%j stays unchanged in a text',
    (text) => {
      expect(shortenReferences(text, names)).toBe(text);
    },
  );
});
