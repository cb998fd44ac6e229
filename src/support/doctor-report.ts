import { redact, redactPersonal } from '../domain/text/redaction.ts';
import { markdownTable } from '../output/markup.ts';
import type { PrivateWord } from './check.ts';
import type { CheckResult } from './doctor.ts';

/** Shapes of what only the own team may read; addresses of Wise stay. Bounded lengths keep matching linear. */
const PRIVATE_SHAPES: readonly [RegExp, string][] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi, '[id]'],
  [
    /(:\/\/)(?!(?:[\w-]{1,63}\.){0,4}(?:wise|transferwise|wise-sandbox)\.com(?![\w.-]))[^\s/,;)]{1,255}/g,
    '$1[server]',
  ],
  [
    /(?<![\w./-])(?!(?:[\w-]{1,63}\.){0,4}(?:wise|transferwise|wise-sandbox)\.com(?![\w.-]))(?:[a-z][\w-]{0,62}\.){2,8}[a-z]{2,24}(?![\w-])/gi,
    '[server]',
  ],
  [/(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.])/g, '[address]'],
  [/(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,7}(?![\w:])/gi, '[address]'],
  // Absolute paths, without the name of the file.
  [/(?<![\w/:\].])\/(?:[^\s/,;:)]{1,255}\/){1,64}/g, '[path]/'],
  [/(?<!\w)[A-Z]:\\(?:[^\n\\,;:)]{1,255}\\){1,64}/g, '[path]\\'],
  // Profiles and orders, but no durations, sizes and dates.
  [/(?<![\w.-]|mode )\d{4,18}(?![\w.-]| (?:ms|s|bits|more)\b)/g, '[number]'],
];

/** Removes names, ids, addresses and paths from a text, for readers outside the team. */
export function withoutNames(text: string, words: readonly PrivateWord[]): string {
  const longestFirst = words.toSorted((left, right) => right.word.length - left.word.length);
  // Folders may have spaces, which the shapes of paths end at.
  const local = longestFirst.filter(isFolder).reduce(replaceWord, redactPersonal(redact(text)));
  const shaped = PRIVATE_SHAPES.reduce((rest, [shape, shown]) => rest.replaceAll(shape, shown), local);
  return longestFirst.filter((word) => !isFolder(word)).reduce(replaceWord, shaped);
}

function isFolder({ word }: PrivateWord): boolean {
  return /[/\\]/.test(word);
}

function replaceWord(text: string, { word, shown }: PrivateWord): string {
  return text.replaceAll(asWord(word), () => shown);
}

function asWord(word: string): RegExp {
  return new RegExp(`(?<![\\w-])${word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}(?![\\w-])`, 'g');
}

/** Removes names, ids, addresses and paths from the results of checks. */
export function redactChecks(checks: readonly CheckResult[], words: readonly PrivateWord[]): CheckResult[] {
  return checks.map(({ message, hint, error, ...check }) => ({
    ...check,
    message: withoutNames(message, words),
    ...(hint !== undefined && { hint: withoutNames(hint, words) }),
    ...(error && {
      error: {
        code: error.code,
        message: withoutNames(error.message, words),
        hint: withoutNames(error.hint, words),
      },
    }),
  }));
}

/** Renders redacted checks as Markdown, for a bug report. */
export function renderReport(checks: readonly CheckResult[], environment: string | null): string {
  const rows = checks.map(({ name, status, message, error }) => [
    name,
    error ? `${status} (${error.code})` : status,
    message.replaceAll(/\s+/g, ' ').replaceAll(/[|<`]/g, String.raw`\$&`),
  ]);
  return `${markdownTable(['check', 'status', 'message'], rows)}\nEnvironment: ${environment ?? 'unknown'}.\n`;
}
