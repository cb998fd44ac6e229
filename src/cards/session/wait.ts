import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { JournalChanges } from '../../context/journal-changes.ts';
import { ListenerCheck } from '../../context/listener-state.ts';
import { poll } from '../../context/poll.ts';
import type { WaitProgress } from '../../context/progress.ts';
import { Failure, Outage } from '../../domain/errors/failure.ts';
import { type CardIdentity, formatReference, progressName } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import type { CardResult, Via } from '../../domain/results.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { forEachCard, READS_AT_ONCE, sideBySide } from './each-card.ts';
import { CardFollower } from './follow-events.ts';
import type { Observation } from './read-card.ts';
import type { CardRequest } from './resolve-cards.ts';
import type { CardSession } from './session.ts';

export interface Wait {
  /** Name of the goal in messages, such as “ready”. */
  goal: string;
  /** True if the goal is reached. Throws a Failure if it can never be reached. */
  isReached: (seen: Observation) => boolean;
  /** Mode of the wait. If undefined, the wait polls, and the result has no source. */
  via?: Via;
  /** True if the card was just read. */
  isSeen?: boolean;
  /** Called after each read, before `isReached`. May replace the observation. */
  onLook?: (seen: Observation) => Promise<Observation | undefined>;
  /** Returns how long this step usually takes, in milliseconds; null if unknown. Called once, and only if the wait polls. */
  usualTime?: () => Promise<number | null>;
  /** Returns the milliseconds since the step began; null if unknown. */
  elapsed?: (seen: Observation) => number | null;
  /** Command to suggest if the wait ends without any read. */
  command?: (card: CardIdentity) => string[];
  /** Overrides the deadline of the session; null for no deadline. */
  deadline?: Reading | null;
  /** Replaces the failure `deadline-passed` at the deadline. */
  onDeadline?: () => Failure;
}

/**
 * Waits until a card reaches a goal, and shows the progress.
 * @throws Failure `deadline-passed`, or the failure of `isReached`
 */
export async function waitFor(ctx: Context, session: CardSession, wait: Wait): Promise<Observation> {
  const deadline = wait.deadline === undefined ? session.deadline : wait.deadline;
  const listener = new ListenerCheck(ctx, wait.via ?? 'poll');
  const usual = new UsualEnd(wait);
  const usualEnd = () => usual.left;
  const follower = new CardFollower(ctx, session, { listener, deadline, isSeen: wait.isSeen, usualEnd });
  using changes = new JournalChanges(ctx);
  let outage: Outage | null = null;
  const show = () => ctx.report.progress(progressOf(session, { goal: wait.goal, deadline, outage }));
  const end = await poll({
    stopwatch: ctx.stopwatch,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline,
    pause: () => follower.pauseOf(changes),
    read: async (read) => {
      let passed: Outage | null = null;
      // A step may take as long as the session's deadline allows, even if the wait ends earlier.
      const seen = await follower.step({ ...read, ...session.budget() }).catch((error: unknown) => {
        ctx.signal.throwIfAborted();
        // Events may still arrive during an outage of the API.
        if (!follower.isOnJournal || !session.latest || !(error instanceof Outage)) throw error;
        passed = error;
        return session.latest;
      });
      outage = passed;
      if (!follower.isCalm) await usual.load();
      return (await wait.onLook?.(seen)) ?? seen;
    },
    usualEnd,
    decide: (seen) => {
      // Set before `isReached`, so that a failure also has the source.
      if (wait.via) session.setVia(follower.source);
      if (wait.isReached(seen)) return { done: seen };
      session.setVia(null);
      usual.see(seen);
      show();
      return 'wait';
    },
    onOutage: (error) => {
      outage = isHeldBack(error) ? (outage ?? error) : error;
      show();
    },
    onPause: show,
  }).finally(() => ctx.report.progress(null));
  if (end.kind === 'done') return end.result;
  throw wait.onDeadline?.() ?? deadlinePassed(ctx, session, { wait, outage });
}

/** Checks if a request was not sent because of an earlier answer, which tells more about the cause. */
function isHeldBack({ code, details }: Outage): boolean {
  return code === 'rate-limited' && details?.httpStatus === undefined;
}

function progressOf(
  { identity, latest, startedAt, readAt }: CardSession,
  { goal, deadline, outage }: { goal: string; deadline: Reading | null; outage: Outage | null },
): WaitProgress {
  return {
    kind: 'wait',
    card: progressName(identity),
    state: latest?.card.stage ?? `no status yet, waiting for ${goal}`,
    since: startedAt,
    deadline,
    lastReadAt: readAt,
    outage: outage?.message ?? null,
  };
}

/** The usual end of the step that a wait belongs to. */
class UsualEnd {
  readonly #wait: Pick<Wait, 'usualTime' | 'elapsed'>;
  #time: number | null | undefined;
  #seen: Observation | null = null;

  constructor(wait: Pick<Wait, 'usualTime' | 'elapsed'>) {
    this.#wait = wait;
  }

  async load(): Promise<void> {
    if (this.#time === undefined) this.#time = (await this.#wait.usualTime?.()) ?? null;
  }

  see(seen: Observation): void {
    this.#seen = seen;
  }

  /** Milliseconds until the usual end; null if it is unknown. */
  get left(): number | null {
    const elapsed = this.#seen && this.#wait.elapsed?.(this.#seen);
    return this.#time == null || elapsed == null ? null : this.#time - elapsed;
  }
}

interface WaitForAll {
  targets: readonly CardRequest[];
  /** Goal in messages. */
  goal: 'ready' | 'produced';
  /** Returns the words of the command that waits for a card. */
  command: (card: CardIdentity) => readonly string[];
}

/** Waits for cards in parallel. For several cards, shows the number of finished cards and the stages of the others. */
export async function waitForAll(
  ctx: Context,
  { targets, goal, command }: WaitForAll,
  waitForOne: (session: CardSession) => Promise<void>,
): Promise<CardResult[]> {
  const waiting = new Map<CardRequest, CardSession>();
  const ended = { done: 0, failed: 0 };
  const show = () => {
    const stages = [...waiting.values()].map(({ card }): string => card.stage);
    const groups = new Map(
      [...Map.groupBy(stages, (stage) => stage)].map(([stage, { length }]) => [stage, length]),
    );
    const rest = { current: null, perSecond: null, timeLeft: null };
    const count = { title: 'Waiting', total: targets.length, verb: goal, groups, ...ended, ...rest };
    ctx.report.progress({ kind: 'cards', counts: [count] });
  };
  const watcher = {
    begin: (target: CardRequest, session: CardSession) => {
      waiting.set(target, session);
      session.onChange(show);
      show();
    },
    end: (target: CardRequest, { error }: CardResult) => {
      waiting.delete(target);
      ended[error ? 'failed' : 'done'] += 1;
      show();
    },
  };
  const each = { lanes: sideBySide(targets), concurrency: READS_AT_ONCE, command };
  try {
    return await forEachCard(ctx, { ...each, ...(targets.length > 1 && { watcher }) }, waitForOne);
  } finally {
    ctx.report.progress({ kind: 'cards', counts: [] });
  }
}

function deadlinePassed(
  ctx: Context,
  { card, identity, latest }: CardSession,
  { wait, outage }: { wait: Wait; outage: Failure | null },
): Failure {
  const { goal, command } = wait;
  const again = command && commandLine(command(identity), ctx.invocation);
  const seen = outage ? `the last check failed: ${outage.message}` : `it was last seen ${card.stage}`;
  const { timeout } = ctx.timing;
  const limit = timeout === 0 ? 'at the one check' : `within ${formatDuration(timeout ?? 0)}`;
  const message = `Card ${formatReference(identity)} was not ${goal} ${limit}; ${seen}`;
  return new Failure('deadline-passed', message.replace(/\.?$/, '.'), {
    hint: ((latest === null && again) || card.next) ?? 'Run the command again with a longer --timeout.',
    ...(outage?.details && { details: outage.details }),
  });
}
