import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { printable, printableJson } from '../../../src/domain/text/terminal-text.ts';

test.each([
  ['\u001b[2Jgone', '\\u001b[2Jgone'],
  ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['\u009b31m', '\\u009b31m'],
  ['a\r\nb\tc', 'a\\u000d\\u000ab\\u0009c'],
  ['\u0000\u007f\u0008', '\\u0000\\u007f\\u0008'],
  // What hides or turns the text around it: bidirectional overrides and isolates, zero widths, line separators.
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['\u2066x\u2069', '\\u2066x\\u2069'],
  ['a\u200bb\ufeffc', 'a\\u200bb\\ufeffc'],
  ['a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
])('control characters in %j are escaped', (text, safe) => {
  expect(printable(text)).toBe(safe);
});

test.each(['Ada Exämple', '日本語', '“quoted” – dash', '👩‍👩‍👧'.replaceAll('\u200d', ''), "it's 100 %", ''])(
  '%s is unchanged in terminal text',
  (text) => {
    expect(printable(text)).toBe(text);
  },
);

test('no text keeps characters that move the cursor', () => {
  const code = fc.oneof(fc.integer({ min: 0, max: 0xff }), fc.integer({ min: 0, max: 0x10ffff }));
  fc.assert(
    fc.property(fc.array(code), (codes) => {
      const text = String.fromCodePoint(...codes);
      const safe = printable(text);
      expect(Array.from(safe).filter((character) => /\p{Cc}/u.test(character))).toEqual([]);
      expect(printable(safe)).toBe(safe);
    }),
  );
});

describe('JSON that is safe to show', () => {
  test.each([
    ['\u001b[2J', 'an escape'],
    ['\u009b31m', 'a C1 control'],
    ['\u202egnp.exe', 'a bidirectional override'],
    ['a\u2028b', 'a line separator'],
    ['\u{e0001}\u{e0041}', 'a tag beyond the basic plane'],
    ['"quoted" \\ \n \t é 日本語 👩', 'what JSON itself takes care of'],
  ])('JSON of %j is written as %s', (text) => {
    for (const indent of [0, 2]) {
      const shown = printableJson({ [text]: [text] }, indent);
      expect(JSON.parse(shown)).toEqual({ [text]: [text] });
      expect(shown.split('\n').filter((line) => /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(line))).toEqual([]);
    }
  });

  test('JSON is one line without indentation', () => {
    expect(printableJson({ a: { b: 'c\nd' } })).toBe('{"a":{"b":"c\\nd"}}');
    expect(printableJson({ a: 1 }, 2)).toBe('{\n  "a": 1\n}');
  });

  test('parsers read the same value from safe JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(printableJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
