import type { Context } from '../context/context.ts';
import type { Attempt } from '../domain/attempt.ts';
import { failure } from '../domain/errors/failure.ts';
import { guardProduce, productionFailed, refuseEnded, type Seen } from '../domain/guards.ts';
import { type KioskId, progressName } from '../domain/ids.ts';
import { flagsOf, type ProduceOptions } from '../domain/production.ts';

import type { CardResult } from '../domain/results.ts';
import { missingKioskFlags } from './listed-kiosk.ts';
import { actOnCards } from './session/each-card.ts';
import { refuseHeld } from './session/hold-check.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { sendOnce } from './session/send.ts';
import type { CardSession } from './session/session.ts';
import { waitForResult } from './wait-produced.ts';

/**
 * Sends cards to a kiosk, once each, one after another.
 * @param kioskId destination; null to use the kiosk of the context (if it has several, the user chooses)
 */
export async function produce(
  ctx: Context,
  {
    targets,
    kioskId,
    ...options
  }: ProduceOptions & { targets: readonly CardRequest[]; kioskId: KioskId | null },
): Promise<CardResult[]> {
  const kiosk = kioskId ?? (await chooseKiosk(ctx, '--kiosk'));
  const flags = ['--kiosk', kiosk, ...flagsOf(options.settings)];
  const action = { targets, action: 'produce', kioskId: kiosk, flags } as const;
  return actOnCards(ctx, action, async (session) => produceOne(ctx, session, { kioskId: kiosk, ...options }));
}

/**
 * Sends a card to a kiosk.
 * @returns true if the card was sent; false if it was already produced or in production there
 * @throws Failure
 */
export async function produceOne(
  ctx: Context,
  session: CardSession,
  { kioskId, settings, ...outcome }: ProduceOptions & { kioskId: KioskId },
): Promise<boolean> {
  await refuseHeld(ctx, kioskId);
  const guard = (seen: Seen) => guardProduce(seen, { ...settings, kioskId });
  const attempt = await sendOnce(ctx, session, { kioskId, guard });
  await awaitOutcome(ctx, session, { attempt, ...outcome });
  return attempt !== null;
}

/**
 * Returns the kiosk from a flag or the settings. If there are several, the user chooses.
 * @throws Failure `input-required`
 */
export async function chooseKiosk(ctx: Context, flag: string): Promise<KioskId> {
  const { kiosks, invocation, ask } = ctx;
  if (invocation.kioskId !== null) return invocation.kioskId;
  if (kiosks.length > 0) {
    const likely = await lastUsed(ctx);
    return ask.choose('Which kiosk?', { flag: `${flag} <KIOSK>`, choices: kiosks, likely });
  }
  throw failure('input-required', 'No kiosk is set.', `Run the same command with ${flag} <KIOSK>.`);
}

/** Returns the context's most recently used kiosk; undefined if no kiosk of the context was used. */
async function lastUsed({ kiosks, journal }: Context): Promise<KioskId | undefined> {
  const seen = (await journal.listKiosks()).filter(({ kioskId }) => kiosks.includes(kioskId));
  return seen.toSorted((left, right) => (right.lastProducedAt ?? 0) - (left.lastProducedAt ?? 0))[0]?.kioskId;
}

/** Returns the missing flags that the destination requires in a non-interactive session. */
export function missingDestination(ctx: Context, isAllowed: boolean): string[] {
  const { kioskId } = ctx.invocation;
  return kioskId === null ? ['--kiosk <KIOSK>'] : missingKioskFlags(ctx, kioskId, isAllowed);
}

/**
 * Waits for the result of a card in production, if `wait` or `simulation` is set. `simulation` is the result to set in
 * a sandbox.
 * @param attempt the attempt that was sent; null if the card was already produced or in production
 * @throws Failure if the production failed
 */
export async function awaitOutcome(
  ctx: Context,
  session: CardSession,
  { attempt, wait, simulation }: Omit<ProduceOptions, 'settings'> & { attempt: Attempt | null },
): Promise<void> {
  const { card } = session;
  // While this process was suspended, another command may have ended the card.
  refuseEnded(card);
  if (card.stage === 'failed' || attempt?.outcome === 'failed')
    throw productionFailed({ ...card, production: attempt?.production ?? card.production });
  if (attempt?.outcome === 'queued') {
    ctx.report.note(
      `Card ${progressName(card)} is queued: it starts as soon as the printer of ${attempt.kioskId} is ready.`,
    );
  }
  if (card.stage === 'in-progress' && (wait || simulation)) {
    await waitForResult(ctx, session, {
      simulation,
      ...(attempt && { attemptId: attempt.id, isSeen: true }),
    });
  }
}
