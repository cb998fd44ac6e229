import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { makeSystemProbe } from '../cli/system-probe.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import type { CheckStatus } from '../support/check.ts';
import { type CheckResult, doctor } from '../support/doctor.ts';
import { redactChecks, renderReport } from '../support/doctor-report.ts';

export default class Doctor extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Check configuration, credentials and connectivity.';
  static override description =
    `Checks this machine, the settings, the journal, the connection to the API, credentials, profile and listener. Changes nothing.
Exits with the code of the first check that failed. Warnings do not change the exit code.`;
  static override examples = [
    { description: 'Check the default context.', command: 'kioskctl doctor' },
    { description: 'Check another context.', command: 'kioskctl doctor --context branch-sandbox' },
    { description: 'Check without a request to the API.', command: 'kioskctl doctor --offline --json' },
    { description: 'Describe the set-up for a bug report.', command: 'kioskctl doctor --report' },
  ];
  static override flags = {
    offline: Flags.boolean({ summary: 'Skip the checks that need the network.' }),
    report: Flags.boolean({
      summary: 'Print Markdown for a bug report, without names, ids, addresses and paths.',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Doctor);
    const context = await this.context(flags).catch(asFailure);
    const probe = makeSystemProbe(flags);
    const results = await doctor(context, { probe, offline: flags.offline });
    const checks = flags.report ? redactChecks(results, await probe.listNames()) : results;
    const environment = context instanceof Failure ? null : context.environment;
    const report = flags.report ? renderReport(checks, environment) : null;
    const failed = checks.find(({ status }) => status === 'failed');
    return {
      exitCode: failed?.exitCode ?? 0,
      document: { checks, ...(report !== null && { report }), ...(failed && { error: failed.error }) },
      text: (style) => report ?? renderDoctor(checks, style),
    };
  }
}

const WIDTH = 14;

/** Renders the checks: one line each, followed by its hint. */
function renderDoctor(results: readonly CheckResult[], style: Style): string {
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
  const summary = `${count('ok')} passed, ${count('warning')} with a warning, ${count('failed')} failed, ${count('skipped')} skipped.`;
  return `${[...lines, '', summary].join('\n')}\n`;
}
