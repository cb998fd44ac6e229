import { forEachCard, READS_AT_ONCE, sideBySide } from '../cards/session/each-card.ts';
import { CardFollower } from '../cards/session/follow-events.ts';
import type { Observation } from '../cards/session/read-card.ts';
import type { CardRequest } from '../cards/session/resolve-cards.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { JournalChanges } from '../context/journal-changes.ts';
import { ListenerCheck, requireListener } from '../context/listener-state.ts';
import { poll } from '../context/poll.ts';
import { type Attempt, isUnsettled } from '../domain/attempt.ts';
import { type AttemptDocument, type Card, toAttemptDocument } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { Outage } from '../domain/errors/failure.ts';
import type { CardResult, Via } from '../domain/results.ts';
import type { Stage } from '../domain/stage.ts';
import type { ReadOptions } from '../wise/client.ts';

export interface StatusOptions {
  targets: readonly CardRequest[];
  /** True to include all attempts from the journal. */
  history: boolean;
  /**
   * True to derive the exit code from the status of the cards; false to derive it only from the success of the reads.
   */
  exitStatus: boolean;
}

export type StatusResult = CardResult & {
  attempts?: AttemptDocument[];
  /** The latest attempt. Text output needs it for queued and refused attempts, which the production does not show. */
  latest: Attempt | null;
};

const FINAL = new Set<Stage>(['produced', 'completed', 'cancelled', 'returned', 'expired']);

/** Returns the status of cards, read once from the API. */
export async function status(ctx: Context, options: StatusOptions): Promise<StatusResult[]> {
  const { results } = await readAll(ctx, { ...options, read: async (session) => session.read() });
  warn(ctx, results);
  return results;
}

/** Warns about cancelled orders whose card is still in a kiosk. */
function warn(ctx: Context, results: readonly StatusResult[]): void {
  for (const { card } of results) {
    if (card.stage !== 'in-progress' || card.orderStatus !== 'CANCELLED') continue;
    ctx.report.warn(`Order ${card.orderId} is cancelled, but its card is still being produced.`);
  }
}

interface ReadAllOptions extends StatusOptions {
  read: (session: CardSession) => Promise<Observation>;
  /** Sessions of the previous read, to reuse. */
  sessions?: ReadonlyMap<CardRequest, CardSession>;
}

/** Reads cards in parallel. @returns the results, and the temporary failures */
async function readAll(ctx: Context, { read, sessions, targets, ...options }: ReadAllOptions) {
  const latest = new Map<CardRequest, Attempt | null>();
  const outages: Outage[] = [];
  const lanes = sideBySide(targets);
  const each = { lanes, concurrency: READS_AT_ONCE, ...(sessions && { sessions }) };
  const seen = await forEachCard(ctx, each, async (session, target) => {
    const { facts } = await read(session).catch((error: unknown) => {
      if (error instanceof Outage) outages.push(error);
      throw error;
    });
    latest.set(target, facts.attempt);
  });
  const results = await Promise.all(
    targets.map(async (target, index) => {
      const result = seen[index];
      if (!result) throw new TypeError('a card has no result');
      return toStatusResult(ctx, { ...result, latest: latest.get(target) }, options);
    }),
  );
  return { results, outages };
}

/**
 * Adds optional data (history, exit status) to a result.
 * @param result `latest` is undefined for a card that could not be read
 */
export async function toStatusResult(
  ctx: Context,
  { latest, ...result }: CardResult & { latest: Attempt | null | undefined },
  { history, exitStatus }: Pick<StatusOptions, 'history' | 'exitStatus'>,
): Promise<StatusResult> {
  const { card } = result;
  const attempts = history && card.cardToken !== null ? await ctx.journal.listAttempts(card.cardToken) : [];
  return {
    ...result,
    latest: latest ?? null,
    ...(exitStatus && latest !== undefined && { exitCode: exitStatusOf(card, latest) }),
    ...(history && { attempts: attempts.map(toAttemptDocument) }),
  };
}

export interface WatchOptions extends StatusOptions {
  /** null for no deadline. */
  deadline: Reading | null;
  via: Via;
  /** Called after each read. */
  onRead?: () => void;
}

/** Minimum pause between two reads of the journal, in milliseconds per card: reading many cards takes longer. */
const SPACING_PER_CARD_MS = 2;

/**
 * Reads cards repeatedly until all of them have reached a final state, or until the deadline.
 * @param onChange receives the results of the first read, and of each read that shows a change
 * @returns the results of the last read
 * @throws Failure `no-listener`
 */
export async function watchStatus(
  ctx: Context,
  { via, deadline, onRead, ...options }: WatchOptions,
  onChange: (results: StatusResult[]) => Promise<void>,
): Promise<StatusResult[]> {
  await requireListener(ctx, via);
  using changes = new JournalChanges(ctx);
  const follow = followAll(ctx, { via, deadline, changes, targets: options.targets });
  let shown = '';
  let results: StatusResult[] = [];
  await poll({
    ...ctx,
    deadline,
    pause: follow.pause,
    read: async (read) => {
      const { sessions } = follow;
      const seen = await readAll(ctx, {
        ...options,
        sessions,
        read: (session) => follow.step(session, read),
      });
      ctx.signal.throwIfAborted();
      results = seen.results;
      const now = JSON.stringify(results.map(withoutIds));
      if (now !== shown) {
        shown = now;
        warn(ctx, results);
        await onChange(results);
      }
      onRead?.();
      const [longest] = seen.outages.toSorted(
        (left, right) => (right.retryAfter ?? 0) - (left.retryAfter ?? 0),
      );
      // In journal mode, each card observes the API's `Retry-After` separately.
      if (longest && !follow.isOnJournal()) throw longest;
      return results;
    },
    decide: (seen) => (seen.every(isFinal) ? { done: seen } : 'wait'),
  });
  return results;
}

/** True if a card's status can no longer change, or if the API rejects reading the card. */
function isFinal({ card, error }: StatusResult): boolean {
  return error !== undefined || FINAL.has(card.stage);
}

/** Removes request ids from a result, for comparing results: a repeated failure has other ids, but is no change. */
function withoutIds({ error, ...result }: StatusResult): unknown {
  return { ...result, latest: undefined, ...(error && { error: { ...error, details: undefined } }) };
}

interface Changing {
  changes: JournalChanges;
}

/** Creates a follower for each card. */
function followAll(
  ctx: Context,
  { targets, via, deadline, changes }: Pick<WatchOptions, 'targets' | 'via' | 'deadline'> & Changing,
) {
  const listener = new ListenerCheck(ctx, via);
  const sessions = new Map(targets.map((target) => [target, new CardSession(ctx, target)]));
  const followers = new Map(
    [...sessions.values()].map((session) => [
      session,
      new CardFollower(ctx, session, { listener, deadline }),
    ]),
  );
  // True if there are cards, and all of them are followed in the journal.
  const isOnJournal = () => followers.size > 0 && [...followers.values()].every((one) => one.isOnJournal);
  const spacing = followers.size * SPACING_PER_CARD_MS;
  return {
    sessions,
    isOnJournal,
    step: async (session: CardSession, read: ReadOptions) =>
      followers.get(session)?.step(read) ?? session.read(read),
    pause: () => {
      if (!isOnJournal()) return null;
      const next = Math.min(...[...followers.values()].map(({ untilRead }) => untilRead));
      return async (longest: number) => changes.sleep(Math.min(longest, next), { spacing });
    },
  };
}

/** Returns the exit code of `status --exit-status` for a card that could be read. */
export function exitStatusOf(card: Card, attempt: Attempt | null): ExitCode {
  if (isUnsettled(attempt)) return 8;
  switch (card.stage) {
    case 'produced':
    case 'completed':
      return 0;
    case 'failed':
      return lookUpError('production', card.production?.errorCode ?? null).exitCode;
    case 'cancelled':
    case 'returned':
    case 'expired':
      return 6;
    case 'placed':
    case 'requirements-fulfilled':
    case 'details-created':
    case 'ready':
    case 'in-progress':
    case 'unknown':
      return 75;
  }
}
