import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readData } from '../../src/scenarios/data-file.ts';
import { files, makeFolder } from '../harness/command-line.ts';

function written(content: string | Buffer): string {
  const file = join(makeFolder(), 'cards.csv');
  writeFileSync(file, content);
  return file;
}

test('each row has the number of the line in which it begins', async () => {
  const content =
    '\uFEFFname,city\r\n"Ada\r\nExample",Leeds\r\n\r\n"Bob ""B"" Example","York, old"\r\nCy,\r\n\r\n';
  const { columns, rows, fingerprint } = await readData(written(content), files);
  expect(columns).toEqual(['name', 'city']);
  expect(rows).toEqual([
    { line: 2, values: { name: 'Ada\r\nExample', city: 'Leeds' } },
    { line: 5, values: { name: 'Bob "B" Example', city: 'York, old' } },
    { line: 6, values: { name: 'Cy' } },
  ]);
  expect(fingerprint).toMatch(/^[\da-f]{64}$/);
});

test('a data file may have letters of several bytes, CRLF, and no line break at its end', async () => {
  const { rows } = await readData(written('name,city\nZoë Ünal,Köln\n\n\n"日\n本",東京\r\nx,y'), files);
  expect(rows.map(({ line }) => line)).toEqual([2, 5, 7]);
  expect(rows[1]?.values).toEqual({ name: '日\n本', city: '東京' });
});

describe('an unusable data file', () => {
  test.each<[string, string | Buffer, string]>([
    ['nothing', '', 'it is empty'],
    ['only line breaks', '\n\n', 'it is empty'],
    ['only names', 'name,city\n', 'no rows'],
    [
      'a row with too few fields',
      'name,city\nAda,Leeds\nAda\n',
      'line 3 has 1 fields, less than the 2 columns',
    ],
    [
      'a row with too many fields',
      'name,city\nAda,Leeds,1\n',
      'line 2 has 3 fields, more than the 2 columns (a field with a comma is put in quotes)',
    ],
    ['two columns of a name', 'name,city,name\nAda,b,c\n', 'line 1: there are two columns “name”'],
    ['a column without a name', 'name,,city\nAda,b,c\n', 'line 1: column 2 has no name'],
    ['a name that is none', 'name,post code\nAda,b\n', 'line 1: “post code” is not the name of a variable'],
    ['semicolons', 'name;city\nAda;Leeds\n', 'separated by semicolons'],
    ['tabs', 'name\tcity\nAda\tLeeds\n', 'separated by tabs'],
    [
      'a quote that stays open',
      'name,city\nx,y\n"Ada,Leeds\n',
      'line 3 or after: a quote is opened that nothing closes',
    ],
    [
      'a quote in a field',
      'name,city\nAda "A",Leeds\n',
      'line 2 or after: a quote stands in the middle of a field',
    ],
    [
      'something after a quote',
      'name,city\n"Ada"x,Leeds\n',
      'line 2 or after: a quote is closed in the middle',
    ],
    ['no UTF-8', Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0xff, 0x2c, 0x62]), 'it is not UTF-8 text'],
    ['over 16 MiB', Buffer.alloc(16 * 1024 * 1024 + 1, 'x'), 'it has over 16384 KiB'],
  ])('is reported with the line and without its values: %s', async (_, content, message) => {
    const failure = await readData(written(content), files).then(
      () => null,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({
      code: 'invalid-input',
      exitCode: 2,
      message: expect.stringContaining(message),
    });
    expect(failure?.message).not.toMatch(/Ada|Leeds/);
  });
});
