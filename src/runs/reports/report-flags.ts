import type { Interfaces } from '@oclif/core';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { nearestOf } from '../../domain/text/words.ts';
import { flagKind } from '../../input/flags.ts';
import { fromRoot } from '../../machine/system.ts';

const REPORT_FORMATS = ['junit', 'html', 'json', 'markdown'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

/** A report to write. */
export interface ReportTarget {
  format: ReportFormat;
  file: string;
}

const reportFlag = flagKind(parseReport);

export const reportFlags = {
  report: reportFlag({
    summary: 'Write a report: junit=FILE, html=FILE, json=FILE or markdown=FILE (repeatable).',
    helpValue: 'FORMAT=FILE',
    multiple: true,
  }),
};

/** Parses all report flags. @throws Failure `usage`, also for two reports to the same file */
export function toReports({
  report: targets = [],
}: Interfaces.InferredFlags<typeof reportFlags>): ReportTarget[] {
  const files = targets.map(({ file }) => fromRoot(file));
  const twice = targets.find((_, index) => files.indexOf(files[index] ?? '') !== index);
  if (!twice) return targets;
  throw failure(
    'usage',
    `--report: two reports can't use the same file: ${printable(twice.file)}.`,
    'Use a different file for each report.',
  );
}

/** Parses a report flag: `junit=FILE`. @throws Failure `usage` */
export function parseReport(text: string): ReportTarget {
  const [, word = text, file = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const format = REPORT_FORMATS.find((known) => known === word);
  if (format && file.trim() === '-')
    throw wrongReport(
      'a report needs a file, because standard output has the result.',
      `Write ${format}=FILE.`,
    );
  if (format && file.trim() !== '') return { format, file };
  if (format) throw wrongReport(`the file of the ${format} report is missing.`, `Write ${format}=FILE.`);
  const [nearest] = nearestOf(word, REPORT_FORMATS);
  const meant = nearest ? `Did you mean ${nearest}=${printable(file) || 'FILE'}? ` : '';
  throw wrongReport(
    `unknown report “${printable(word)}”.`,
    `${meant}Use one of ${REPORT_FORMATS.map((known) => `${known}=FILE`).join(', ')}.`,
  );
}

function wrongReport(what: string, hint: string): Failure {
  return failure('usage', `--report: ${what}`, hint);
}
