// The worst words of docs/style.md, in what users read: the help of all commands, and messages, prompts and hints.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

const WORDS = [
  /\blook(s|ed|ing)? (at|into|what|again)\b/,
  /\b(go|goes|going|went) on\b/,
  /\bbec(omes|ame) of\b/,
  /\b(nobody|somebody)\b/,
  /\b(unheard|spoiled|anew|afresh)\b/,
  /\b(by itself|for good|for ever|at once|stood still|so many)\b/,
  /\b(the|these|an|each|of) acts?\b/,
  /\bthe vendor\b/,
  /\bmay be given\b/,
  /\bwith what\b/,
];

/** Returns the words of the list that a text has. */
function found(text: string): string[] {
  return WORDS.flatMap((word) => RegExp(word, 'i').exec(text)?.[0] ?? []);
}

/** Texts in quotes that are sentences: they begin with a capital letter or end with a full stop, and have three words. */
function sentences(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
  const quoted = [...code.matchAll(/'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`/g)];
  return quoted
    .map(([, single, double, template]) => single ?? double ?? template ?? '')
    .filter((text) => /^[A-Z“$].*|[.?:]$/.test(text) && /\w+ \w+ \w+/.test(text));
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}

test('the help of all commands avoids the worst words of docs/style.md', () => {
  const texts = strings(JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8'))).filter((text) =>
    text.includes(' '),
  );
  expect(texts.length).toBeGreaterThan(500);
  expect(texts.filter((text) => found(text).length > 0)).toEqual([]);
});

test('messages, prompts and hints avoid the worst words of docs/style.md', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT, exclude: ['src/sandbox/**', 'src/**/migrations/**'] });
  const wrong = files.flatMap((file) =>
    sentences(readFileSync(join(ROOT, file), 'utf8'))
      .filter((text) => found(text).length > 0)
      .map((text) => `${file}: ${text}`),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});

test('the README and the pages for users avoid the worst words of docs/style.md', () => {
  const files = [
    'README.md',
    ...globSync('docs/*.md', { cwd: ROOT, exclude: ['docs/style.md', 'docs/layout.md'] }),
  ];
  const wrong = files.flatMap((file) =>
    readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .filter((line) => found(line).length > 0)
      .map((line) => `${file}: ${line}`),
  );
  expect(files.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});

test.each(['It goes on.', 'Nobody can be asked here.', 'What the vendor says.', 'A spoiled card.'])(
  'a sentence like “%s” is found',
  (text) => expect(found(text)).not.toEqual([]),
);
