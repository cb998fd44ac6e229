import type { Context } from '../context/context.ts';
import { requireListener } from '../context/listener-state.ts';
import { cardLabel, hintOf } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import { refuseEnded, refuseOtherDelivery } from '../domain/guards.ts';
import { formatReference } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { requirementAdvice, unmetRequirements } from '../domain/order.ts';
import type { CardResult, Via } from '../domain/results.ts';
import type { Stage } from '../domain/stage.ts';
import { KNOWN_DURATIONS, usualTime } from '../domain/times/usual-time.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { commandOn } from './session/each-card.ts';
import type { Observation } from './session/read-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import type { CardSession } from './session/session.ts';
import { waitFor, waitForAll } from './session/wait.ts';

const NOT_YET = new Set<Stage>(['placed', 'requirements-fulfilled', 'details-created', 'unknown']);

interface ReadyWait {
  /** Default: `auto`. */
  via?: Via;
  /**
   * True if the card was just read, or shown by the response to its order. With a listener, the first step then needs
   * no read, unless the order's requirements are unknown.
   */
  isSeen?: boolean;
}

/** Waits until each card is ready to be produced, or has passed that stage. @throws Failure `no-listener` */
export async function waitReady(
  ctx: Context,
  { targets, via }: { targets: readonly CardRequest[]; via: Via },
): Promise<CardResult[]> {
  await requireListener(ctx, via);
  const all = { targets, goal: 'ready', command: commandOn('wait-ready') } as const;
  return waitForAll(ctx, all, async (session) => {
    await waitUntilReady(ctx, session, { via });
  });
}

/**
 * Waits until a card is ready. Reports unmet requirements as soon as a read shows them.
 * @throws Failure `requirement-failed`, `order-cancelled`, `order-returned`, `card-expired`, `not-a-kiosk-order`,
 * `deadline-passed`
 */
export async function waitUntilReady(
  ctx: Context,
  session: CardSession,
  { via = 'auto', isSeen = false }: ReadyWait = {},
): Promise<void> {
  const named = new Set<string>();
  await waitFor(ctx, session, {
    goal: 'ready',
    command: (card) => ['wait-ready', formatReference(card)],
    via,
    isSeen,
    onLook: async (seen) => {
      nameRequirements(ctx, seen, named);
      return undefined;
    },
    isReached: isReady,
    usualTime: async () =>
      usualTime(await ctx.journal.listReadyDurations(session.card.profileId, KNOWN_DURATIONS)),
    elapsed: ({ facts }) => {
      const ordered = parseVendorTime(facts.orderedAt ?? null)?.milliseconds;
      return ordered === undefined ? null : (ctx.wise.serverTime ?? ctx.calendar.now()) - ordered;
    },
  });
}

function isReady(seen: Observation): boolean {
  const { card } = seen;
  refuseEnded(card);
  refuseOtherDelivery(seen);
  const failed = card.requirements?.find(({ status }) => status === 'FAILED');
  if (failed) {
    throw failure(
      'requirement-failed',
      `The ${failed.type} requirement of card ${cardLabel(card)} failed.`,
      `To continue, ${requirementAdvice(failed)}; then: ${hintOf(card)}`,
    );
  }
  return !NOT_YET.has(card.stage) || seen.facts.attempt !== null;
}

function nameRequirements(ctx: Context, { card }: Observation, named: Set<string>): void {
  for (const requirement of unmetRequirements(card.requirements ?? null)) {
    const { type, status } = requirement;
    if (named.has(`${type} ${status}`)) continue;
    named.add(`${type} ${status}`);
    ctx.report.note(
      `Order ${card.orderId} waits for ${type} (${status}): ${requirementAdvice(requirement)}.`,
    );
    if (type === 'VERIFICATION' && ctx.environment !== 'production') {
      const command = commandLine(['simulate', '--profile-verified', String(card.profileId)], ctx.invocation);
      ctx.report.note(`In a sandbox, complete it: ${command}`);
    }
    if (type === 'PIN' && ctx.environment === 'local') {
      const command = commandLine(['sandbox', 'requirement', String(card.profileId), type], ctx.invocation);
      ctx.report.note(`In the embedded sandbox, complete it: ${command}`);
    }
  }
}
