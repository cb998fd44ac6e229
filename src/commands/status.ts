import { Flags } from '@oclif/core';
import { BaseCommand } from '../cli/base-command.ts';
import type { CardInput } from '../cli/input/card-input.ts';
import { optionalCardArgs, quietFlag, toVia, waitFlags, watchViaFlag } from '../cli/input/flags.ts';
import { renderStatus } from '../cli/output/render-status.ts';
import type { Result } from '../cli/output/result.ts';
import type { Context } from '../workflows/context.ts';
import type { StatusResult, WatchOptions } from '../workflows/status.ts';
import { knownCards, status, watchStatus } from '../workflows/status.ts';

interface Watching extends Omit<WatchOptions, 'deadline'> {
  shape: CardInput['shape'];
  hasTimeout: boolean;
}

export default class Status extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Where cards stand: order, production, attempt.';
  static override description =
    `Without CARD, all cards that the journal knows. Exits 0 whatever it reads; with --exit-status produced and completed
are 0, failed 4 or 5, cancelled, returned and expired 6, an unknown attempt 8, anything else 75. With --watch, events wake
it while kioskctl listen keeps them in this journal (--via).`;
  static override examples = [
    '<%= config.bin %> status',
    '<%= config.bin %> status 1001/501 --history',
    '<%= config.bin %> status 1001/501 --watch --json',
    '<%= config.bin %> status 1001/501 --exit-status --quiet',
  ];
  static override args = optionalCardArgs;
  static override flags = {
    watch: Flags.boolean({ summary: 'Go on and show each change, until nothing can change any more.' }),
    history: Flags.boolean({ summary: 'With all attempts that the journal knows.' }),
    'exit-status': Flags.boolean({ summary: 'Let the exit code tell where the cards stand.' }),
    ...waitFlags,
    ...watchViaFlag,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(Status);
    const via = toVia(flags.via);
    const ctx = await this.context(flags);
    const { targets, shape } = await this.#targets(ctx, args.card ?? []);
    const options = { targets, history: flags.history, exitStatus: flags['exit-status'] };
    if (flags.watch)
      return this.#watch(ctx, { ...options, via, shape, hasTimeout: flags.timeout !== undefined });
    return this.#result(await status(ctx, options), shape);
  }

  async #watch(ctx: Context, { shape, hasTimeout, ...options }: Watching): Promise<null> {
    const deadline = hasTimeout ? ctx.clock.now() + (ctx.timing.timeout ?? 0) : null;
    await watchStatus(ctx, { ...options, deadline }, async (results) =>
      this.emit(this.#result(results, shape), { isStream: true }),
    );
    return null;
  }

  async #targets(ctx: Context, given: readonly string[]): Promise<CardInput> {
    if (given.length > 0) return this.cards(ctx, given);
    return { targets: await knownCards(ctx), shape: 'cards' };
  }

  #result(results: StatusResult[], shape: CardInput['shape']): Result {
    return this.results(results, {
      shape,
      extra: (result) => ('attempts' in result ? { attempts: result.attempts } : {}),
      text: async (style) => renderStatus(results, style),
    });
  }
}
