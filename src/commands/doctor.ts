import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { renderDoctor } from '../cli/render-doctor.ts';
import { makeMachine } from '../cli/system-probe.ts';
import { asFailure } from '../domain/errors/failure.ts';
import type { Result } from '../output/result.ts';
import { doctor } from '../support/doctor.ts';

export default class Doctor extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Check whether everything is there that commands need.';
  static override description =
    `Looks at this machine, the settings, the journal, the way to the API, credentials, profile and listener. Nothing is changed.
Ends with the exit code of the first check that failed; warnings don't fail.`;
  static override examples = [
    '<%= config.bin %> doctor',
    '<%= config.bin %> doctor --context branch-sandbox',
    '<%= config.bin %> doctor --offline --json',
  ];
  static override flags = {
    offline: Flags.boolean({ summary: 'Leave out what needs the network.' }),
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Doctor);
    const context = await this.context(flags).catch(asFailure);
    const checks = await doctor(context, { machine: makeMachine(flags), offline: flags.offline });
    const failed = checks.find(({ status }) => status === 'failed');
    return {
      exitCode: failed?.exitCode ?? 0,
      document: { checks, ...(failed && { error: failed.error }) },
      text: (style) => renderDoctor(checks, style),
    };
  }
}
