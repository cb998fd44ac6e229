import { printable } from '../domain/text/terminal-text.ts';
import type { Style } from '../output/style.ts';
import type { CheckStatus } from '../support/check.ts';
import type { CheckResult } from '../support/doctor.ts';

const WIDTH = 14;

/** The check-list: a line for each check, and below it what to do. */
export function renderDoctor(results: readonly CheckResult[], style: Style): string {
  const signs: Record<CheckStatus, string> = {
    ok: style.good('✓'),
    warning: style.warning('!'),
    failed: style.bad('✗'),
    skipped: style.dim('–'),
  };
  const lines = results.flatMap(({ name, status, message, hint }) => [
    `${signs[status]} ${name.padEnd(WIDTH)} ${status === 'skipped' ? style.dim(printable(message)) : printable(message)}`,
    ...(hint === undefined ? [] : [`${' '.repeat(WIDTH + 3)}${printable(hint)}`]),
  ]);
  const count = (wanted: CheckStatus) => results.filter(({ status }) => status === wanted).length;
  const summary = `${count('ok')} passed, ${count('warning')} with a warning, ${count('failed')} failed, ${count('skipped')} left out.`;
  return `${[...lines, '', summary].join('\n')}\n`;
}
