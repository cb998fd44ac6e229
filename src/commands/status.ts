import { orderedCards } from '../cards/api-lists.ts';
import type { CardInput } from '../cards/card-arguments.ts';
import { CardCommand } from '../cli/card-command.ts';
import type { Context } from '../context/context.ts';
import { readCovered } from '../context/listener-state.ts';
import { failure } from '../domain/errors/failure.ts';
import { formatReference } from '../domain/ids.ts';
import { optionalCardArgs, quietFlag, tableFlags, waitFlags, watchViaFlag } from '../input/flags.ts';
import { cardSelectionFlags, refuseBoth, toCardSelection } from '../kiosks/kiosk-flags.ts';
import type { Result } from '../output/result.ts';
import { chosenStatus, chosenTargets, statusFlags } from '../status/selection-status.ts';
import { type StatusResult, type WatchOptions, watchStatus } from '../status/status.ts';
import { describeEmpty, ofLimited, ofSelection, renderStatus, statusLine } from '../status/status-views.ts';

interface Watching extends Omit<WatchOptions, 'deadline'> {
  shape: CardInput['shape'];
  /** Number of all matching cards in the journal; null for named cards. */
  total: number | null;
  hasTimeout: boolean;
}

export default class Status extends CardCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show the order, production and attempt of cards.';
  static override description =
    `Without CARD and filters, shows the unfinished cards of the journal and those of the last 24 h, the most urgent first, at
most 100 (--limit). Filters select cards known to the journal, then fetch their current state; --cached skips the API.
Repeating a filter means OR; different filters mean AND.

Exits with 0 whatever the cards' stage. With --exit-status: produced and completed 0, failed 4 or 5, cancelled, returned and expired
6, an unknown attempt 8, otherwise 75. With --watch, webhooks trigger updates if kioskctl listen is running (see --via).`;
  static override examples = [
    { description: 'Show unfinished and recent cards.', command: 'kioskctl status' },
    {
      description: 'Read the cards of the profile on a new machine.',
      command: 'kioskctl status --from-api',
    },
    { description: 'Show a card with its attempts.', command: 'kioskctl status 1001/501 --history' },
    {
      description: 'Show the failed cards of a kiosk.',
      command: 'kioskctl status --kiosk WIS00001 --failed',
    },
    {
      description: 'Find recent failures with one code.',
      command: 'kioskctl status --failed --error-code PRD_HOPPER_DOOR --since 4h --json',
    },
    {
      description: 'Find cards that expire within a week, without a request.',
      command: 'kioskctl status --expiring 7d --cached',
    },
    {
      description: 'Follow a card as JSON, one document per line.',
      command: 'kioskctl status 1001/501 --watch --json',
    },
    {
      description: 'Check a card in a script, by exit code.',
      command: 'kioskctl status 1001/501 --exit-status --quiet',
    },
  ];
  static override args = optionalCardArgs;
  static override flags = {
    ...cardSelectionFlags,
    ...statusFlags,
    ...waitFlags,
    ...watchViaFlag,
    ...tableFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result | null> {
    const { args, flags } = await this.parse(Status);
    const { via = 'auto' } = flags;
    // Here, --kiosk filters cards; it is not the destination of a produce request.
    const ctx = await this.context(flags);
    const selection = await toCardSelection(ctx, flags);
    refuseBoth(args.card, selection);
    const { targets, shape } = await this.#named(ctx, args.card, flags['from-api']);
    const look = { history: flags.history, exitStatus: flags['exit-status'] };
    const choice = { targets, selection, limit: flags.limit ?? null };
    if (flags.watch) {
      const { chosen, total } = await chosenTargets(ctx, choice);
      const hasTimeout = flags.timeout !== undefined;
      return this.#watch(ctx, {
        ...look,
        targets: chosen,
        total: targets ? null : total,
        via,
        shape,
        hasTimeout,
      });
    }
    const { chosen, total } = await chosenStatus(ctx, { ...choice, isCached: flags.cached }, look);
    const all = this.#result(ctx, chosen, { shape });
    const result = targets ? all : ofLimited(all, { shown: chosen.length, total });
    const whole = flags.cached ? { ...result, document: { ...result.document, cached: true } } : result;
    if (selection) return ofSelection(whole, { covered: await readCovered(ctx), count: chosen.length });
    if (chosen.length > 0 || args.card) return whole;
    const { journal } = this.opened.settings.paths;
    const known = targets ? 0 : (await ctx.journal.listCards()).length;
    return { ...whole, text: () => describeEmpty(ctx, { journal, known, isFromApi: flags['from-api'] }) };
  }

  /** Returns the named cards, or the cards from the API; null to select cards of the journal. */
  async #named(ctx: Context, given: readonly string[] | undefined, isFromApi: boolean) {
    if (given && isFromApi) {
      throw failure(
        'usage',
        '--from-api reads all cards of the profile, so no CARD can be named.',
        'Name cards, or use --from-api with filters.',
      );
    }
    if (given) return this.cards(ctx, given);
    return { targets: isFromApi ? await orderedCards(ctx) : null, shape: 'cards' as const };
  }

  async #watch(ctx: Context, { shape, total, hasTimeout, ...options }: Watching): Promise<null> {
    const deadline = hasTimeout ? ctx.stopwatch.after(ctx.timing.timeout ?? 0) : null;
    return this.watch<StatusResult[], StatusResult>(
      async (onChange, onRead) => watchStatus(ctx, { ...options, deadline, onRead }, onChange),
      (results) => ({
        rows: results,
        nameOf: ({ card }) => formatReference(card),
        lineOf: statusLine,
        result: (changed) => {
          const all = this.#result(ctx, results, { shape, changed });
          return total === null ? all : ofLimited(all, { shown: results.length, total });
        },
      }),
    );
  }

  #result(
    { invocation }: Context,
    results: StatusResult[],
    { shape, changed }: { shape: CardInput['shape']; changed?: ReadonlySet<string> },
  ): Result {
    return this.results(results, {
      shape,
      showsReasons: false,
      extra: (result) => ('attempts' in result ? { attempts: result.attempts } : {}),
      text: async (style) => renderStatus(results, { style, invocation, changed }),
    });
  }
}
