import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { ListenerCheck, requireListener } from '../context/listener-state.ts';
import { poll } from '../context/poll.ts';
import { type Attempt, isUnsettled } from '../domain/attempt.ts';
import { type AttemptDocument, type Card, toAttemptDocument } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { Outage } from '../domain/errors/failure.ts';
import type { CardToken } from '../domain/ids.ts';
import type { CardResult, Via } from '../domain/results.ts';
import type { Stage } from '../domain/stage.ts';
import type { ReadOptions } from '../wise/client.ts';
import { forEachCard, READS_AT_ONCE, sideBySide } from './session/each-card.ts';
import { CardFollower } from './session/follow-events.ts';
import type { Observation } from './session/read-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { CardSession } from './session/session.ts';

export interface StatusOptions {
  targets: readonly CardRequest[];
  /** True to include all attempts of the journal. */
  history: boolean;
  /** True if the exit code shows the status of the cards, not only whether they could be read. */
  exitStatus: boolean;
}

export type StatusResult = CardResult & {
  attempts?: AttemptDocument[];
  /** For people: an attempt that is queued, or was refused, shows in no production. */
  latest: Attempt | null;
};

const FINAL = new Set<Stage>(['produced', 'completed', 'cancelled', 'returned', 'expired']);

/** All cards that the journal knows, newest first. */
export async function knownCards(ctx: Context): Promise<CardRequest[]> {
  const cards = await ctx.journal.listCards();
  return cards.map(({ profileId, cardToken, orderId }) => ({ profileId, cardToken, orderId }));
}

/** Reads cards once: the status of each, or the reason why it can't be read. */
export async function status(ctx: Context, options: StatusOptions): Promise<StatusResult[]> {
  const { results } = await look(ctx, { ...options, see: (session) => session.read() });
  warn(ctx, results);
  return results;
}

/** Warns of contradictions: the vendor cancelled an order while its card was in the kiosk. */
function warn(ctx: Context, results: readonly StatusResult[]): void {
  for (const { card } of results) {
    if (card.stage !== 'in-progress' || card.orderStatus !== 'CANCELLED') continue;
    ctx.report.warn(`Order ${card.orderId} is cancelled, but its card is still being produced.`);
  }
}

interface Looking extends StatusOptions {
  see: (session: CardSession) => Promise<Observation>;
  /** Sessions of an earlier read, to be continued. */
  sessions?: ReadonlyMap<CardRequest, CardSession>;
}

interface Look {
  results: StatusResult[];
  /** The temporary failures of reads. */
  outages: Outage[];
}

async function look(ctx: Context, { see, sessions, ...options }: Looking): Promise<Look> {
  const { targets, history, exitStatus } = options;
  const latest = new Map<CardRequest, Attempt | null>();
  const outages: Outage[] = [];
  const lanes = sideBySide(targets);
  const each = { lanes, concurrency: READS_AT_ONCE, ...(sessions && { sessions }) };
  const seen = await forEachCard(ctx, each, async (session, target) => {
    const { facts } = await see(session).catch((error: unknown) => {
      if (error instanceof Outage) outages.push(error);
      throw error;
    });
    latest.set(target, facts.attempt);
  });
  const results = await Promise.all(
    targets.map(async (target, index) => {
      const result = seen[index];
      if (!result) throw new TypeError('a card has no result');
      const { card } = result;
      const attempt = latest.get(target);
      return {
        ...result,
        latest: attempt ?? null,
        ...(exitStatus && attempt !== undefined && { exitCode: exitStatusOf(card, attempt) }),
        ...(history && { attempts: await attemptsOf(ctx, card.cardToken) }),
      };
    }),
  );
  return { results, outages };
}

async function attemptsOf(ctx: Context, cardToken: CardToken | null): Promise<AttemptDocument[]> {
  if (cardToken === null) return [];
  return (await ctx.journal.listAttempts(cardToken)).map(toAttemptDocument);
}

export interface WatchOptions extends StatusOptions {
  /** Null without a limit. */
  deadline: Reading | null;
  via: Via;
}

/** The pause between two reads of the journal, in milliseconds per card: reading many cards costs more. */
const JOURNAL_PAUSE_PER_CARD_MS = 2;

/**
 * Looks at cards again and again, until none of them can move any more, or the deadline.
 * @param onChange receives the first results, and each change of them
 * @returns what was seen last
 * @throws Failure `no-listener`
 */
export async function watchStatus(
  ctx: Context,
  { via, deadline, ...options }: WatchOptions,
  onChange: (results: StatusResult[]) => Promise<void>,
): Promise<StatusResult[]> {
  await requireListener(ctx, via);
  const follow = followAll(ctx, { via, deadline, targets: options.targets });
  let shown = '';
  let results: StatusResult[] = [];
  await poll({
    stopwatch: ctx.stopwatch,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline,
    pause: follow.pause,
    read: async (read) => {
      const { sessions } = follow;
      const seen = await look(ctx, { ...options, sessions, see: (session) => follow.see(session, read) });
      ctx.signal.throwIfAborted();
      results = seen.results;
      const now = JSON.stringify(results.map(withoutIds));
      if (now !== shown) {
        shown = now;
        warn(ctx, results);
        await onChange(results);
      }
      const [longest] = seen.outages.toSorted(
        (left, right) => (right.retryAfter ?? 0) - (left.retryAfter ?? 0),
      );
      // On the journal, each card keeps to what the API asked for by itself.
      if (longest && follow.pause() === null) throw longest;
      return results;
    },
    decide: (seen) => (seen.every(isFinal) ? { done: seen } : 'wait'),
  });
  return results;
}

/** Can nothing be seen any more that is new? What the API refuses to show, it will refuse again. */
function isFinal({ card, error }: StatusResult): boolean {
  return error !== undefined || FINAL.has(card.stage);
}

/** Each request has its own ids: a read that fails as the last one did is no change. */
function withoutIds({ error, ...result }: StatusResult): unknown {
  return { ...result, latest: undefined, ...(error && { error: { ...error, details: undefined } }) };
}

/** Follows cards side by side, each in its own steps. */
function followAll(
  ctx: Context,
  { targets, via, deadline }: Pick<WatchOptions, 'targets' | 'via' | 'deadline'>,
) {
  const listener = new ListenerCheck(ctx, via);
  const sessions = new Map(targets.map((target) => [target, new CardSession(ctx, target)]));
  const followers = new Map(
    [...sessions.values()].map((session) => [
      session,
      new CardFollower(ctx, session, { listener, deadline }),
    ]),
  );
  return {
    sessions,
    see: async (session: CardSession, read: ReadOptions) =>
      followers.get(session)?.step(read) ?? session.read(read),
    pause: () => {
      const pauses = [...followers.values()].flatMap(({ pause }) => pause ?? []);
      // The API is read at the usual pace.
      if (pauses.length === 0 || pauses.length < followers.size) return null;
      return Math.max(...pauses, followers.size * JOURNAL_PAUSE_PER_CARD_MS);
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
