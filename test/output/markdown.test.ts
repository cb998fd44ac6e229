import { array, assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable } from '../../src/domain/text/terminal-text.ts';
import { markdownCode, markdownTable, markdownText } from '../../src/output/markup.ts';

/** What a reader of Markdown sees: references become the signs that they stand for. */
function read(markdown: string): string {
  return markdown.replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}

const nasty = array(
  constantFrom(
    '|',
    '\\',
    '`',
    '*',
    '_',
    '<b>',
    '&lt;',
    '\n',
    '\r',
    '#',
    '[x](y)',
    'https://x.example',
    'www.',
    '\u202e',
  ),
  { maxLength: 8 },
).map((parts) => parts.join(''));

describe('text from outside', () => {
  test.each([
    [
      'plain words, with their signs: (a) "b" 50 % of 1/2.',
      'plain words, with their signs: (a) "b" 50 % of 1/2.',
    ],
    ['Zürich 日本', 'Zürich 日本'],
    ['a|b', 'a&#124;b'],
    ['<b>', '&#60;b&#62;'],
    ['https://x.example', 'https&#58;//x.example'],
    ['www.x.example', 'www&#46;x.example'],
    ['two\nlines', 'two&#92;u000alines'],
  ])('%j', (text, markdown) => {
    expect(markdownText(text)).toBe(markdown);
  });

  test('text from outside is rendered unchanged, without any Markdown syntax', () => {
    for (const text of [string(), string({ unit: 'binary' }), nasty]) {
      assert(
        property(text, (one) => {
          const markdown = markdownText(one);
          expect(read(markdown)).toBe(printable(one));
          expect(markdown.replaceAll(/&#\d+;/g, '')).not.toMatch(
            /[|\\`*_<>[\]!&#~$@\p{Cc}\p{Cf}]|:\/|www\./iu,
          );
        }),
      );
    }
  });

  test('text from outside stays in its table cell', () => {
    assert(
      property(array(array(nasty, { minLength: 2, maxLength: 2 })), (rows) => {
        const table = markdownTable(
          ['one', 'two'],
          rows.map(([one = '', two = '']) => [markdownText(one), markdownCode(two)]),
        );
        const lines = table.split('\n');
        expect(lines).toHaveLength(rows.length + 3);
        for (const line of lines.slice(0, -1)) expect(line.match(/\|/g)).toHaveLength(3);
      }),
    );
  });
});

test('ids and words are formatted as code, and other text stays text', () => {
  expect(markdownCode('PRD_HOPPER_DOOR')).toBe('`PRD_HOPPER_DOOR`');
  expect(markdownCode('a`b')).toBe('a&#96;b');
  expect(markdownCode('')).toBe('');
});

test('a missing value is a dash', () => {
  expect(markdownTable(['a', 'b'], [[null, '']])).toBe('| a | b |\n| --- | --- |\n| – | – |\n');
});
