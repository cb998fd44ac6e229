import type { RetryAdvice } from '../domain/errors/error-row.ts';
import type { RunbookPage } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { describe, type Finding } from '../input/yaml-file.ts';
import type { Style } from '../output/style.ts';

export const ADVICE: Record<RetryAdvice, string> = {
  now: 'at once',
  'after-fix': 'after the fix',
  reconcile: 'look at the production first',
  never: 'never: order a new card',
};

/** What the team wrote about the codes that came up; empty without a page. */
export function renderPages(pages: readonly RunbookPage[], style: Style): string {
  return pages
    .map((page) => `${style.bold(`Runbook, ${printable(page.code)}`)}\n${pageLines(page)}`)
    .join('');
}

/** A page in indented lines: its steps, and who helps. */
export function pageLines({ owner, steps, link, contact, retry }: RunbookPage): string {
  const rows: [string, string | null][] = [
    ['Owner', owner],
    ['Retry', retry && ADVICE[retry]],
    ['Contact', contact],
    ['Link', link],
  ];
  const facts = rows.flatMap(([title, value]) =>
    value === null ? [] : [`  ${`${title}:`.padEnd(11)}${printable(value)}`],
  );
  const numbered = steps.map((step, index) => `  ${index + 1}. ${printable(step)}`);
  return [...numbered, ...facts].map((line) => `${line}\n`).join('');
}

/** What `runbook check` found, a line each as compilers write them. */
export function renderChecked({ file, codes, mistakes, warnings }: Checked, style: Style): string {
  const name = printable(file);
  const line = (finding: Finding, mark: string) =>
    `${name}:${finding.line}:${finding.column}: ${mark} ${describe(finding)}\n`;
  const verdict =
    mistakes.length > 0
      ? `${style.bad('✗')} ${counted(mistakes.length, 'mistake')}: ${name} can't be used.\n`
      : `${style.good('✓')} ${name}: ${counted(codes, 'code')} filled in.\n`;
  return [
    ...mistakes.map((mistake) => line(mistake, style.bad('mistake:'))),
    ...warnings.map((warning) => line(warning, style.warning('warning:'))),
    verdict,
  ].join('');
}

interface Checked {
  file: string;
  /** How many codes have a page. */
  codes: number;
  mistakes: readonly Finding[];
  warnings: readonly Finding[];
}
