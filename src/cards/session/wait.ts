import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { JournalChanges } from '../../context/journal-changes.ts';
import { ListenerCheck } from '../../context/listener-state.ts';
import { poll } from '../../context/poll.ts';
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
  const follower = new CardFollower(ctx, session, { listener, deadline, isSeen: wait.isSeen });
  using changes = new JournalChanges(ctx);
  let outage: Outage | null = null;
  const show = () =>
    ctx.report.progress({
      kind: 'wait',
      card: progressName(session.identity),
      state: session.latest?.card.stage ?? `no status yet, waiting for ${wait.goal}`,
      since: session.startedAt,
      deadline,
      lastReadAt: session.readAt,
      outage: outage?.message ?? null,
    });
  const end = await poll({
    stopwatch: ctx.stopwatch,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline,
    pause: () => follower.pauseOf(changes),
    read: async (read) => {
      outage = null;
      // A step may take as long as the session's deadline allows, even if the wait ends earlier.
      const seen = await follower.step({ ...read, ...session.budget() }).catch((error: unknown) => {
        ctx.signal.throwIfAborted();
        // Events may still arrive during an outage of the API.
        if (!follower.isOnJournal || !session.latest || !(error instanceof Outage)) throw error;
        outage = error;
        return session.latest;
      });
      return (await wait.onLook?.(seen)) ?? seen;
    },
    decide: (seen) => {
      // Set before `isReached`, so that a failure also has the source.
      if (wait.via) session.setVia(follower.source);
      if (wait.isReached(seen)) return { done: seen };
      session.setVia(null);
      show();
      return 'wait';
    },
    onOutage: (error) => {
      outage = error;
      show();
    },
    onPause: show,
  }).finally(() => ctx.report.progress(null));
  if (end.kind === 'done') return end.result;
  if (wait.onDeadline) throw wait.onDeadline();
  throw deadlinePassed(ctx, session, { wait, outage });
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
