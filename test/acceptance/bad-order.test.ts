// Orders that can't be right: bad files, names and addresses. None of them is placed.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, expectError, oneDocument, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

const user = new User();
let sandbox: ServedSandbox;
beforeAll(async () => {
  sandbox = await ServedSandbox.open(user);
});
afterAll(async () => {
  await sandbox.close();
  user.leave();
});

const order = async (args: string[]) => user.run(['order', ...args, '--json', '--base-url', sandbox.url]);

/** Writes a file under a name that says nothing. */
function file(content: string | Buffer): string {
  const path = join(user.home, `${crypto.randomUUID()}.yaml`);
  writeFileSync(path, content);
  return path;
}

/** A list of nine, in a list of nine of it, and so on: nine to the power of nine. */
const ALIAS_BOMB = Array.from({ length: 9 }, (_, depth) => {
  const item = depth === 0 ? 'x' : `*a${depth - 1}`;
  return `a${depth}: &a${depth} [${Array.from({ length: 9 }, () => item).join(', ')}]`;
}).join('\n');

describe.concurrent('order --from a file that is', () => {
  test.each<[what: string, content: string | Buffer, message: RegExp]>([
    ['empty', '', /empty/],
    ['truncated JSON', '{"program": "P", "address": {"firstLine": "1 High', /JSON|YAML|flow|quote|end/i],
    ['binary', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0xff, 0x00]), /text/],
    ['text with a zero byte', 'program: P\u0000\n', /text/],
    ['UTF-16', Buffer.from('\ufeffprogram: P', 'utf16le'), /UTF-16/],
    ['10 MB', Buffer.alloc(10 * 1024 * 1024, 'program: P\n'), /64 KiB/],
    ['an alias bomb', ALIAS_BOMB, /alias|resolve/i],
    ['a list', '- program: P\n', /Object|fields|list/],
    ['a word', '"P"', /object|fields|word|text/i],
    ['two documents', 'program: P\n---\nprogram: Q\n', /document/i],
    ['ambiguous', 'program: P\nprogram: Q\n', /line 2, column 1: “program” is there already, in line 1/],
    ['with an alias of nothing', 'cardHolderName: *nobody\n', /nobody/],
    [
      'with fields that nobody knows',
      'cardHolderNam: X\nembossed: Y\n',
      /line 1, column 1: cardHolderNam: no such field; line 2, column 1: embossed: no such field/,
    ],
    ['with values of the wrong type', 'cardHolderName: 5\naddress: London\n', /cardHolderName.*address/],
    ['with a name of 23 characters', 'embossedName: ABCDEFGHIJKLMNOPQRSTUVW\n', /embossedName.*1 to 22/],
    ['for another delivery', 'deliveryOption: PIGEON\n', /deliveryOption/],
    ['with terminal escapes', '"\\u001b[2Jfield": 1\n', /\\u001b\[2Jfield/],
  ])('order --from rejects a file that is %s', async (_what, content, message) => {
    const path = file(content);
    const ended = await order(['--from', path]);
    expectError(ended, { code: 2, error: 'invalid-input', message });
    expect(ended.json.error.message).toContain(path);
  });

  test('order --from reports a missing file in words', async () => {
    const ended = await order(['--from', join(user.home, 'nowhere.yaml')]);
    expectError(ended, { code: 2, error: 'invalid-input', message: /nowhere\.yaml/ });
    expect(ended.json.error.message).toMatch(/no such file|not there|isn't there|not found|doesn't exist/i);
  });

  test('order --from reports a folder in words', async () => {
    const ended = await order(['--from', user.home]);
    expectError(ended, { code: 2, error: 'invalid-input', message: /folder|directory/i });
  });

  test('order --from does not read a stream of over 64 KiB to its end', async () => {
    const endless = "while :; do echo 'program: P'; done";
    const ended = await user.shell(
      `${endless} | kioskctl order --json --base-url ${sandbox.url} --from /dev/fd/3 3<&0 < /dev/null`,
    );
    expectError(ended, { code: 2, error: 'invalid-input', message: /64 KiB/ });
  });
});

describe.concurrent('order', () => {
  test('order sends the fields of a file to Wise, and a flag overrides the file', async () => {
    const path = file('cardHolderName: Ada Example\naddress:\n  city: Leeds\n  country: GB\n');
    const ended = await order([
      '--from',
      path,
      '--city',
      'York',
      '--first-line',
      '1 High Street',
      '--post-code',
      'YO1 1AA',
      '--dry-run',
    ]);
    expect(ended.code, ended.stdout).toBe(0);
    expect(oneDocument(ended).request).toMatchObject({
      cardHolderName: 'Ada Example',
      address: { firstLine: '1 High Street', city: 'York', postCode: 'YO1 1AA', country: 'GB' },
      deliveryOption: 'KIOSK_COLLECTION',
    });
  });

  test.each<[string, string[], RegExp]>([
    [
      'an embossed name of 23 characters',
      ['--embossed-name', 'ABCDEFGHIJKLMNOPQRSTUVW'],
      /embossedName.*1 to 22/,
    ],
    ['a phone number without +', ['--phone', '01234567890'], /phoneNumber.*\+/],
    ['a cardholder without an address', ['--cardholder', 'Ada Example'], /address/],
    ['a name of blanks', ['--cardholder', '   ', '--city', 'York'], /cardHolderName/],
  ])('with %s is 2', async (_what, args, message) => {
    expectError(await order(args), { code: 2, error: 'usage', message, hint: /--from|flags/ });
  });

  test.each<[string, string[], RegExp]>([
    ['a PO box', ['--first-line', 'PO Box 12'], /firstLine.*PO box/i],
    ['a line of 31 characters', ['--first-line', 'x'.repeat(31)], /firstLine.*30/],
    ['a post code of 11', ['--post-code', '12345678901'], /postCode.*10/],
    ['a country of three letters', ['--country', 'GBR'], /country/],
  ])('with %s is what the vendor does not take: 10', async (_what, args, message) => {
    expectError(await order(args), { code: 10, error: 'address-rejected', message, hint: /30 characters/ });
  });

  test('order explains why a PO box is rejected, and what is valid', async () => {
    const ended = await user.run(['order', '--first-line', 'P.O. Box 1', '--base-url', sandbox.url]);
    expectComplaint(ended, { code: 10, message: /PO box/i, hint: /PO boxes are not supported/ });
  });

  test('order with a program that is not physical lists the available ones', async () => {
    const ended = await order(['--program', 'VISA_DEBIT_CONSUMER_UK_1_CARDS_API']);
    expectError(ended, { code: 2, error: 'usage', message: /CARDS_API/, hint: /PHYSICAL_CARDS_API/ });
  });

  test('order --like ends with 10 for a missing card', async () => {
    expectError(await order(['--like', '1001/4711']), { code: 10, error: 'not-found' });
  });
});

test('none of these invalid orders was sent', async () => {
  const posts = (await sandbox.requests('/card-orders')).filter(({ method }) => method === 'POST');
  expect(posts).toEqual([]);
});
