import { expect, test } from 'vitest';
import { localTime, makeStyle, withLocalTimes } from '../../src/output/style.ts';
import { type Column, listResult, renderTable, timeIn, WIDE_ONLY } from '../../src/output/table.ts';

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

test('off a terminal a list has tabs and whole cells, next to a document and references', async () => {
  const result = listResult(COLUMNS, ROWS, { document: { rows: ROWS }, reference: ({ name }) => name });
  expect(result).toMatchObject({
    exitCode: 0,
    document: { rows: ROWS },
    references: ['first', 'x\u001b[2J'],
  });
  const lines = (await result.text(plain)).split('\n').map((line) => line.split('\t'));
  expect(lines).toEqual([
    ['NAME', 'COUNT', 'AT', 'KIND'],
    ['first', '1', localTime(AT), 'some'],
    [String.raw`x\u001b[2J`, '–', '–', 'none'],
    [''],
  ]);
});

/** Names that stay as they are. */
const WHOLE = { learn: async () => undefined, shorten: (text: string) => text };

/** The lines of a table on a terminal. */
async function onTerminal(columns: number, { isWide = false, shown = COLUMNS, rows = ROWS } = {}) {
  const text = await renderTable(shown, rows, makeStyle(false, { columns, isWide, names: WHOLE }));
  return text.trimEnd().split('\n');
}

test('the columns of a table are aligned on a terminal', async () => {
  const [head = '', first = ''] = await onTerminal(80);
  expect(head).toBe(`NAME        COUNT  AT${' '.repeat(26)}KIND`);
  expect(first).toBe(`first       1      ${localTime(AT)}  some`);
});

const RANKED: Column<Row>[] = [
  ['Name', 'name'],
  ['Count', 'count', 2],
  ['At', timeIn('at'), 1],
  ['Kind', () => 'some'],
];

test.each([
  { columns: 51, head: ['NAME', 'COUNT', 'AT', 'KIND'] },
  { columns: 50, head: ['NAME', 'COUNT', 'KIND'] },
  { columns: 22, head: ['NAME', 'KIND'] },
])('with $columns columns, a terminal shows $head', async ({ columns, head }) => {
  const [shown = ''] = await onTerminal(columns, { shown: RANKED });
  expect(shown.split(/ +/)).toEqual(head);
});

test('cells are cut where no column may be left out, the widest ones first', async () => {
  const rows = [{ name: '漢'.repeat(20), count: 1, at: null }];
  const [head, first] = await onTerminal(14, { shown: RANKED, rows });
  expect([head, first]).toEqual(['NAME      KIND', '漢漢漢…   some']);
  expect(await onTerminal(14, { shown: RANKED })).toEqual([
    'NAME      KIND',
    'first     some',
    'x\\u001b…  some',
  ]);
});

test('--wide keeps all columns and cuts their cells', async () => {
  const lines = await onTerminal(30, { shown: RANKED, isWide: true });
  expect(lines[0]?.split(/ +/)).toEqual(['NAME', 'COUNT', 'AT', 'KIND']);
  expect(lines.map(({ length }) => length).filter((length) => length > 30)).toEqual([]);
  expect(lines[1]).toContain('2026-0…');
});

test('a terminal shows some columns only with --wide, however wide it is', async () => {
  const shown: Column<Row>[] = [...RANKED, ['Id', () => 'a long one', WIDE_ONLY]];
  const heads = await Promise.all(
    [false, true].map(async (isWide) => (await onTerminal(200, { shown, isWide }))[0]?.split(/ +/)),
  );
  expect(heads).toEqual([
    ['NAME', 'COUNT', 'AT', 'KIND'],
    ['NAME', 'COUNT', 'AT', 'KIND', 'ID'],
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

test('times in a message are local, except for those that programs read', () => {
  const time = '2026-03-01T12:00:00Z';
  const message = `On hold since ${time}: kioskctl wait-produced 1001/501 --after ${time} {"at":"${time}"}`;
  expect(withLocalTimes(message)).toBe(
    `On hold since ${localTime(AT)}: kioskctl wait-produced 1001/501 --after ${time} {"at":"${time}"}`,
  );
});
