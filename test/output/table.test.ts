import { expect, test } from 'vitest';
import { localTime, makeStyle } from '../../src/output/style.ts';
import { type Column, listResult, timeIn } from '../../src/output/table.ts';

interface Row {
  name: string;
  count: number | null;
  at: number | null;
}

const AT = Date.parse('2026-03-01T12:00:00Z');
const plain = makeStyle(false);
const COLUMNS: Column<Row>[] = [
  ['Name', 'name'],
  ['Count', 'count'],
  ['At', timeIn('at')],
  ['Kind', { styled: ({ count }, style) => (count === null ? style.dim('none') : style.good('some')) }],
];
const ROWS: Row[] = [
  { name: 'first', count: 1, at: AT },
  { name: 'x\u001b[2J', count: null, at: null },
];

test('a list has a table, a document and references', async () => {
  const result = listResult(COLUMNS, ROWS, { document: { rows: ROWS }, reference: ({ name }) => name });
  expect(result).toMatchObject({
    exitCode: 0,
    document: { rows: ROWS },
    references: ['first', 'x\u001b[2J'],
  });
  const lines = (await result.text(plain)).split('\n').map((line) => line.split(/ {2,}/));
  expect(lines).toEqual([
    ['NAME', 'COUNT', 'AT', 'KIND'],
    ['first', '1', localTime(AT), 'some'],
    [String.raw`x\u001b[2J`, '–', '–', 'none'],
    [''],
  ]);
});

test('styled cells keep their colours', async () => {
  const text = await listResult(COLUMNS, ROWS, { document: {} }).text(makeStyle(true));
  expect(text).toContain('\u001b[32msome\u001b[39m');
});

test('an empty list shows its message and its footer', async () => {
  const options = { document: {}, empty: 'Nothing.\n', footer: () => 'The end.\n' };
  expect(await listResult(COLUMNS, [], options).text(plain)).toBe('Nothing.\nThe end.\n');
});

test('a list without columns shows the lines of each row', async () => {
  const result = listResult((row: Row) => `- ${row.count}\n`, ROWS, { document: {} });
  expect(await result.text(plain)).toBe('- 1\n- null\n');
  expect(result.references).toBeUndefined();
});
