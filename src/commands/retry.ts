import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import { actFlags, cardArgs, followFlags, quietFlag, waitFlags } from '../cli/input/flags.ts';
import type { Result } from '../cli/output/result.ts';
import { asName, readGiven } from '../cli/settings/sources.ts';
import { Failure } from '../domain/failure.ts';
import { parseSimulation } from '../domain/simulation.ts';
import { retry } from '../workflows/retry.ts';

export default class Retry extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Produce failed or refused cards again, after the fix.';
  static override description =
    `What the error catalogue says of the failure decides: some may be repeated at once, for most somebody has to
fix something first (it is said what, and asked whether it is done), some never. The card goes to the kiosk of the
failed attempt, unless told otherwise.`;
  static override examples = [
    '<%= config.bin %> retry 1001/501 --wait',
    '<%= config.bin %> retry 1001/501 1001/502 --yes --wait --json',
    '<%= config.bin %> retry 1001/501 --to-kiosk WIS00002',
  ];
  static override args = cardArgs;
  static override flags = {
    'to-kiosk': Flags.string({ summary: 'Another kiosk than that of the failed attempt.', helpValue: 'ID' }),
    abandon: Flags.boolean({
      summary: 'Give up a request that is queued, or stays unknown: a person knows that it will not print.',
    }),
    kiosk: Flags.string({ hidden: true }),
    ...followFlags,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Retry);
    if (flags.kiosk !== undefined) {
      throw new Failure('usage', '--kiosk does not say where retried cards go.', {
        hint: `Send them to another kiosk with --to-kiosk ${flags.kiosk}.`,
      });
    }
    const simulation = flags.simulate === undefined ? null : parseSimulation(flags.simulate);
    const ctx = await this.context(flags, simulation ? 'sandbox-only' : 'writes');
    const { targets, shape } = await this.cards(ctx, args.card);
    const options = {
      toKiosk: readGiven(flags['to-kiosk'], '--to-kiosk', asName) ?? null,
      abandon: flags.abandon,
      wait: flags.wait,
      simulation,
    };
    return this.results(await retry(ctx, { targets, ...options }), { shape });
  }
}
