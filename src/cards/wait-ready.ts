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
import { commandOn } from './session/each-card.ts';
import type { Observation } from './session/read-card.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import type { CardSession } from './session/session.ts';
import { waitFor, waitForAll } from './session/wait.ts';

const NOT_YET = new Set<Stage>(['placed', 'requirements-fulfilled', 'details-created', 'unknown']);

export interface ReadyWait {
  /** `auto` by default. */
  via?: Via;
  /**
   * The card was read right before, if only by the answer to its order: while a listener is running, it needs no read.
   * An order whose requirements were not read yet is read all the same.
   */
  isSeen?: boolean;
}

/**
 * Waits until each card may be produced, or is further than that.
 * @throws Failure `no-listener`
 */
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
 * Waits until one card is ready; requirements that are not met are named as soon as they are seen.
 * @throws Failure `requirement-failed`, the ends of a card, `not-a-kiosk-order`, `deadline-passed`
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
