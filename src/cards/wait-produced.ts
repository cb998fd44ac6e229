import type { Context } from '../context/context.ts';
import { requireListener } from '../context/listener-state.ts';
import { isOpen, isUnsettled, lagsBehind } from '../domain/attempt.ts';
import { type Card, cardLabel, hintOf } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import { productionFailed, refuseEnded, refuseOtherDelivery } from '../domain/guards.ts';
import { formatReference } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import type { Simulation } from '../domain/production.ts';
import type { CardResult, Via } from '../domain/results.ts';
import { KNOWN_DURATIONS, usualTime } from '../domain/times/usual-time.ts';
import { compareVendorTimes } from '../domain/times/vendor-time.ts';
import { commandOn } from './session/each-card.ts';
import type { Observation } from './session/read-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import type { CardSession } from './session/session.ts';
import { refuseLost } from './session/settle.ts';
import { waitFor, waitForAll } from './session/wait.ts';
import { sendSimulation } from './simulate.ts';

interface ResultWait {
  /** The attempt that was just sent; undefined for the latest attempt. */
  attemptId?: string;
  /** The result to set in a sandbox once the attempt is in progress. */
  simulation?: Simulation | null;
  /** True if the response to the request just showed the card. */
  isSeen?: boolean;
  /** Default: `auto`. */
  via?: Via;
}

/** Waits for the result of each card's current attempt. @throws Failure `no-listener` */
export async function waitProduced(
  ctx: Context,
  { targets, via }: { targets: readonly CardRequest[]; via: Via },
): Promise<CardResult[]> {
  await requireListener(ctx, via);
  const all = { targets, goal: 'produced', command: commandOn('wait-produced') } as const;
  return waitForAll(ctx, all, async (session) => {
    await waitForResult(ctx, session, { via });
  });
}

/**
 * Waits for the result of one attempt. Results of earlier attempts don't count.
 * @throws Failure `production-failed`, `attempt-superseded`, `not-seen`, `wrong-stage` if no attempt is in progress,
 * `order-cancelled`, `order-returned`, `card-expired`, `deadline-passed`
 */
export async function waitForResult(ctx: Context, session: CardSession, wait: ResultWait): Promise<void> {
  const once = new Set<string>();
  const { simulation, via = 'auto', isSeen = false } = wait;
  let { attemptId } = wait;
  await waitFor(ctx, session, {
    goal: 'produced',
    via,
    isSeen,
    command: (card) => [
      'wait-produced',
      formatReference(card),
      ...(session.request.after ? ['--after', session.request.after] : []),
    ],
    onLook: async ({ card }) => {
      if (card.production?.status !== 'IN_PROGRESS' || once.has('in progress')) return undefined;
      once.add('in progress');
      if (!simulation) {
        hintAtSimulation(ctx, session);
        return undefined;
      }
      await sendSimulation(ctx, session, simulation);
      return session.read();
    },
    isReached: (seen) => {
      // If the caller named no attempt, wait for the open one, whichever system sent it.
      if (isOpen(seen.facts.attempt)) attemptId ??= seen.facts.attempt?.id;
      return hasResult(session, seen, attemptId);
    },
    usualTime: async () => usualTimeAt(ctx, session.card),
    elapsed: ({ facts: { attempt } }) =>
      attempt?.sentAt == null || isUnsettled(attempt) ? null : ctx.calendar.now() - attempt.sentAt,
  });
}

/** Returns how long productions at the kiosk usually take. In a sandbox, a user may set the result at any time. */
async function usualTimeAt({ environment, journal }: Context, { production }: Card): Promise<number | null> {
  if (environment !== 'production' || !production?.kioskId) return null;
  return usualTime(await journal.listDurations(production.kioskId, KNOWN_DURATIONS));
}

function hasResult(session: CardSession, seen: Observation, attemptId: string | undefined): boolean {
  const { card, facts } = seen;
  const { attempt } = facts;
  refuseEnded(card);
  if (isLeftBehind(seen, session.request.after ?? null)) return false;
  if (attemptId && attempt && attempt.id !== attemptId)
    refuseLost(session, { ...attempt, outcome: 'superseded', endCode: null });
  if (card.stage === 'produced' || card.stage === 'completed') return true;
  refuseOtherDelivery(seen);
  if (card.stage === 'in-progress' || isUnsettled(attempt) || isBehind(seen)) return false;
  if (attempt) refuseLost(session, attempt);
  if (card.stage === 'failed') throw productionFailed(card);
  if (card.production === null) return false;
  throw failure(
    'wrong-stage',
    `Nothing is being produced: card ${cardLabel(card)} is ${card.stage}.`,
    hintOf(card),
  );
}

/** True if the API does not show a result yet that an event has reported. */
function isBehind({ card, facts }: Observation): boolean {
  return card.stage === 'unknown' && lagsBehind(facts.production, facts.attempt);
}

/** True if the production is older than the awaited attempt, or if their times can't be compared. */
function isLeftBehind({ card }: Observation, after: string | null): boolean {
  if (after === null || !card.production) return false;
  const order = compareVendorTimes(card.production.occurredAt, after);
  return order === undefined || order < 0;
}

function hintAtSimulation({ environment, invocation, report }: Context, { card }: CardSession): void {
  if (environment === 'production') return;
  // The order id is short, so that the command fits a terminal's line.
  const short = card.orderId === null ? card : { ...card, cardToken: null };
  const command = commandLine(['simulate', formatReference(short), '--status', 'PRODUCED'], invocation);
  report.hint('simulate', `The sandbox waits for you to set the result: ${command}`);
}
