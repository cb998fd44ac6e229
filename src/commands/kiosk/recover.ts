import { BaseCommand } from '../../cli/base-command.ts';
import {
  actFlags,
  followFlags,
  quietFlag,
  runbookFlag,
  tableFlags,
  toProduceOptions,
  waitFlags,
} from '../../input/flags.ts';
import { kioskArgs } from '../../kiosks/kiosk-flags.ts';
import { recover } from '../../kiosks/recover.ts';
import { DEFAULT_MAX_FAILURES, recoverFlags, toRejectedCards } from '../../kiosks/retry-flags.ts';
import type { PlannedRetries } from '../../kiosks/retry-selection.ts';
import { recovered, renderPlan } from '../../kiosks/retry-views.ts';
import type { Result } from '../../output/result.ts';

export default class KioskRecover extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Return a kiosk to service, step by step.';
  static override description =
    `Looks what became of what was sent there, says what failed and what to touch (catalogue and runbook), and asks whether
that is done, whose spoiled card lay in the rejection hopper and was destroyed (kept in the journal), and whether a hold
ends. Then it goes like retry --kiosk: shows the plan, asks whether somebody takes the cards and whether to go on, and
produces one card first, the others when that one came out. Nothing is kept, released or sent before the plan is approved;
nobody else can recover or retry there meanwhile. In a script, answer with --yes --rejected --attended, and --release for a
hold. Stopped anywhere, the same command goes on where it was.`;
  static override examples = [
    { description: 'Answer prompts for each step.', command: 'kioskctl kiosk recover WIS00001' },
    {
      description: 'Recover in a script: no rejected card, and someone collects the cards.',
      command: 'kioskctl kiosk recover WIS00001 --yes --rejected none --attended --json',
    },
    {
      description: 'Recover in a script: name the rejected card, and end the hold.',
      command:
        'kioskctl kiosk recover WIS00001 --yes --rejected 1001/501 --release --attended --reason "door closed"',
    },
  ];
  static override args = kioskArgs;
  static override flags = {
    ...recoverFlags,
    ...tableFlags,
    ...runbookFlag,
    simulate: followFlags.simulate,
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(KioskRecover);
    const producing = toProduceOptions(flags);
    const rejected = toRejectedCards(flags.rejected);
    const ctx = await this.context(flags, producing.simulation ? 'sandbox-only' : 'writes');
    const {
      release: isReleased,
      attended: isAttended,
      'max-failures': maxFailures = DEFAULT_MAX_FAILURES,
    } = flags;
    const describe = async (retry: PlannedRetries) => this.message(async (style) => renderPlan(retry, style));
    const options = { rejected, isReleased, isAttended, maxFailures, describe, ...producing };
    return recovered(await recover(ctx, args.kiosk, options), this.interruptions());
  }
}
