import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { orderFlags, toOrderOptions } from '../../src/cards/order-input.ts';
import { parseReference } from '../../src/domain/ids.ts';
import { files, type Given, makeFolder, parseFlags } from '../harness/command-line.ts';

const CARD = parseReference('1001/501');

async function options(given: Given = {}) {
  return toOrderOptions({ wait: false, ...(await parseFlags(orderFlags, given)) }, files);
}

async function fromFile(content: string | Buffer, name = 'order.yaml') {
  const file = join(makeFolder(), name);
  writeFileSync(file, content);
  return options({ from: file });
}

/** Without what was not given. */
function given(fields: Record<string, unknown>): unknown {
  return JSON.parse(JSON.stringify(fields));
}

/** Each line ten times the one before. */
function bomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 7; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  return `${lines.join('\n')}\n`;
}

describe('the flags of an order', () => {
  test('the flags of an order become fields of the request body', async () => {
    const { fields } = await options({
      program: 'P',
      cardholder: 'Ada Example',
      'embossed-name': 'ADA',
      phone: '+441234567890',
      'first-line': '1 Road',
      'second-line': 'Flat 2',
      city: 'London',
      'post-code': 'E1 6JJ',
      state: 'X',
      country: 'GB',
      'cardholder-profile-id': '2001',
      'lifetime-limit': '99.50',
    });
    expect(given(fields)).toEqual({
      program: 'P',
      cardHolderName: 'Ada Example',
      embossedName: 'ADA',
      phoneNumber: '+441234567890',
      address: {
        firstLine: '1 Road',
        secondLine: 'Flat 2',
        city: 'London',
        postCode: 'E1 6JJ',
        state: 'X',
        country: 'GB',
      },
      cardHolderProfileId: 2001,
      lifetimeLimit: 99.5,
    });
  });

  test('flags that are not set add no fields, not even to an address', async () => {
    const { fields, ...rest } = await options();
    expect(given(fields)).toEqual({});
    expect(fields).not.toHaveProperty('address');
    expect(rest).toEqual({ file: null, like: null, replaces: null, idempotencyKey: null, wait: false });
    expect(given((await options({ city: 'Leeds' })).fields)).toEqual({ address: { city: 'Leeds' } });
  });

  test.each([
    ['a limit in words', { 'lifetime-limit': 'much' }],
    ['a negative limit', { 'lifetime-limit': '-1' }],
    ['a limit in exponents', { 'lifetime-limit': '1e9' }],
    ['a limit with a currency', { 'lifetime-limit': '£5' }],
    ['an empty limit', { 'lifetime-limit': '' }],
    ['a profile that is none', { 'cardholder-profile-id': '0' }],
    ['an empty key', { 'idempotency-key': '' }],
    ['a blank key', { 'idempotency-key': '  ' }],
    ['an endless key', { 'idempotency-key': 'x'.repeat(256) }],
    ['a key with a carriage return at its end', { 'idempotency-key': 'ticket-4711\r' }],
    ['a key with a blank at its end', { 'idempotency-key': 'ticket-4711 ' }],
    ['a key with a no-break space before it', { 'idempotency-key': '\u00a0ticket-4711' }],
    ['a key with a control character', { 'idempotency-key': 'ticket\u001b4711' }],
    ['a key with a zero width space', { 'idempotency-key': 'ticket\u200b4711' }],
    ['a reason for no replacement', { 'replacement-reason': 'damaged' }],
  ])('are a mistake: %s', async (_, flags) => {
    await expect(options(flags)).rejects.toMatchObject({ exitCode: 2 });
  });

  test('the flag for the idempotency key accepts any text', async () => {
    expect((await options({ 'idempotency-key': 'ticket 4711 / ü' })).idempotencyKey).toBe('ticket 4711 / ü');
  });

  test('a replacement requires both the card and the reason', async () => {
    expect((await options({ 'replacement-reason': 'damaged', replaces: '1001/501' })).replaces).toEqual({
      card: CARD,
      reason: 'CARD_DAMAGED',
    });
    expect((await options({ 'replacement-reason': 'expiring', replaces: '1001/501' })).replaces?.reason).toBe(
      'CARD_EXPIRING',
    );
    await expect(options({ replaces: '1001/501' })).rejects.toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('--replacement-reason'),
    });
  });
});

describe('the file of an order', () => {
  const ORDER = {
    program: 'P',
    cardHolderName: 'Ada Example',
    phoneNumber: '+441234567890',
    address: { firstLine: '1 Road', city: 'London', postCode: 'E1 6JJ', country: 'GB', prefecture: 'x' },
    lifetimeLimit: 100,
  };

  test('an order file may be JSON', async () => {
    expect((await fromFile(JSON.stringify(ORDER), 'order.json')).file).toEqual(ORDER);
  });

  test('an order file may be YAML, with comments, a byte order mark and anchors', async () => {
    const yaml = `\ufeff# a card
program: P
cardHolderName: &name Ada Example
embossedName: *name
phoneNumber: "+441234567890"
address:
  firstLine: 1 Road
  postCode: "12345"
`;
    expect((await fromFile(yaml)).file).toEqual({
      program: 'P',
      cardHolderName: 'Ada Example',
      embossedName: 'Ada Example',
      phoneNumber: '+441234567890',
      address: { firstLine: '1 Road', postCode: '12345' },
    });
  });

  test.each<[string, string | Buffer, RegExp]>([
    ['empty', '', /empty/],
    ['blank', ' \n\n', /empty/],
    ['only comments', '# nothing\n', /order/],
    ['a text', 'hello', /order/],
    ['a list', '- a\n- b\n', /order/],
    ['broken JSON', '{"program": "P"', /order/],
    ['broken YAML', 'program: [P\n', /order/],
    ['the same field twice', 'program: P\nprogram: Q\n', /unique|duplicate|order/i],
    ['several documents', 'program: P\n---\nprogram: Q\n', /order/],
    ['an unknown field', 'cardholderName: Ada\n', /cardholderName/],
    ['a phone number that YAML takes for a number', 'phoneNumber: +441234567890\n', /phoneNumber/],
    ['a post code that YAML takes for a number', 'address:\n  postCode: 12345\n', /address\.postCode/],
    ['a name that is too long', `embossedName: ${'A'.repeat(23)}\n`, /embossedName/],
    ['an alias without an anchor', 'cardHolderName: *ada\n', /order/],
    ['aliases without end', bomb(), /order/],
    ['not UTF-8', Buffer.from([0x70, 0x3a, 0x20, 0xff, 0xfe]), /UTF-8/],
    ['not text', 'program: P\u0000\n', /text/],
    ['too long', `# ${'x'.repeat(70_000)}\nprogram: P\n`, /64 KiB/],
  ])('that cannot be used is bad input, and the message says why: %s', async (_, content, why) => {
    await expect(fromFile(content)).rejects.toMatchObject({
      code: 'invalid-input',
      exitCode: 2,
      message: expect.stringMatching(why),
    });
  });

  test.each([
    [
      'an unknown field',
      'program: P\ncardholderName: Ada\n',
      'line 2, column 1: cardholderName: no such field',
    ],
    ['a wrong value', 'program: P\naddress:\n  postCode: 12345\n', 'line 3, column 13: address.postCode: '],
    ['text that is no YAML', 'program: P\ncity: [x\n', 'line 3, column 1: '],
    [
      'several mistakes',
      'a: 1\nb: 2\n',
      'line 1, column 1: a: no such field; line 2, column 1: b: no such field',
    ],
  ])('A mistake in an order file names its line: %s.', async (_, content, message) => {
    await expect(fromFile(content)).rejects.toMatchObject({ message: expect.stringContaining(message) });
  });

  test('an order file that is missing, or a folder, is invalid input', async () => {
    const folder = makeFolder();
    mkdirSync(join(folder, 'sub'));
    for (const from of [join(folder, 'nowhere.yaml'), join(folder, 'sub')]) {
      await expect(options({ from })).rejects.toMatchObject({
        code: 'invalid-input',
        message: expect.stringContaining(from),
      });
    }
  });

  test('the content of an order file affects only the order', async () => {
    const { file } = await fromFile(
      '{"address": {"__proto__": {"polluted": true}, "city": "x"}}',
      'order.json',
    );
    expect(file).toMatchObject({ address: { city: 'x' } });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('invalid text of an order file is shown without its control characters', async () => {
    await expect(fromFile('"\\e[2J": x\n')).rejects.toMatchObject({
      message: expect.not.stringContaining('\u001b'),
    });
  });
});
