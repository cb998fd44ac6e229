import { type Card, name } from '../../domain/card.ts';
import { Failure } from '../../domain/failure.ts';
import { causesOf, describeCause, needsHands } from '../../domain/recovery.ts';
import { isNamed, type Reference } from '../../domain/reference.ts';
import { failureOf, type JournalCard } from '../../domain/selection.ts';
import type { Hold } from '../../journal/journal.ts';
import { recordAct } from '../acts.ts';
import type { Context } from '../context.ts';
import { kioskHeld } from '../holds.ts';
import { leased, leaseOnKiosk } from '../leases.ts';
import { selectFromJournal } from './journal-cards.ts';
import { requireKnownKiosks } from './known-kiosks.ts';
import type { RunOptions } from './retry-run.ts';
import { retrySelection, type SelectedRetry } from './retry-selection.ts';

/** The spoiled cards that lay in the rejection hopper and are destroyed now; `unknown` for one that nobody can tell. */
export type Spoiled = readonly (Reference | 'unknown')[];

export interface RecoverOptions extends Omit<RunOptions, 'selection'> {
  /** null: to be asked. */
  spoiled: Spoiled | null;
  /** A hold on the kiosk is to end; otherwise that is asked. */
  isReleased: boolean;
  isAttended: boolean;
}

export interface Recovery {
  kioskId: string;
  /** The hold that ended; null where there was none. */
  released: Hold | null;
  /** The spoiled cards that were recorded as destroyed now; null for one that nobody could tell. */
  destroyed: (Card | null)[];
  retry: SelectedRetry;
}

/** A hold, or a spoiled card that nobody can tell, is on no card, and belongs to no profile. */
const KIOSK = { target: { profileId: 0, orderId: null, cardToken: null } };

/**
 * Brings a kiosk back: says what failed there and what to touch, asks until all of it is done, keeps that in the journal,
 * and produces the failed cards again, a canary first. Nothing is kept or sent before these questions are answered; the
 * plan is approved last.
 * @throws Failure `usage` for a kiosk or a card that nobody knows there, `input-required`, `not-confirmed`, `kiosk-held`,
 *   `leased`
 */
export async function recover(
  ctx: Context,
  kioskId: string,
  { spoiled, isReleased, isAttended, ...options }: RecoverOptions,
): Promise<Recovery> {
  await requireKnownKiosks(ctx, [kioskId]);
  const lease = (await ctx.journal.listLeases()).find(({ subject }) => subject === leaseOnKiosk(kioskId));
  if (lease) throw leased(ctx, lease);
  const selection = { kioskIds: [kioskId], isFailed: true };
  const failed = await selectFromJournal(ctx, selection, { isUnfinished: true });
  const hold = (await ctx.journal.listHolds()).find((one) => one.kioskId === kioskId) ?? null;
  await askWhetherFixed(ctx, kioskId, failed);
  const destroyed = await findSpoiled(ctx, { kioskId, spoiled, failed });
  if (hold && !isReleased) await askToRelease(ctx, hold);
  const isTaken = isAttended || (failed.length > 0 && (await askWhetherAttended(ctx, kioskId)));
  await recordDestroyed(ctx, { kioskId, found: destroyed });
  const released = hold && (await release(ctx, kioskId));
  const retried = { kioskIds: [kioskId], errorCodes: [], exclude: [], limit: null, toKiosk: null };
  const retry = await retrySelection(ctx, retried, { ...options, isAttended: isTaken, isDryRun: false });
  return { kioskId, released, destroyed, retry };
}

async function askWhetherFixed(ctx: Context, kioskId: string, failed: readonly JournalCard[]): Promise<void> {
  const causes = causesOf(failed, await ctx.runbook());
  for (const line of causes.flatMap(describeCause)) ctx.report.note(line);
  if (!needsHands(causes)) return;
  if (!(await ctx.ask.confirm(`Is all of this done at kiosk ${kioskId}?`, { flag: '--yes' })))
    throw declined('Do what is said above; then run the command again.');
}

const NOBODY_KNOWS = 'nobody can tell';

interface Finding {
  kioskId: string;
  spoiled: Spoiled | null;
  failed: readonly JournalCard[];
}

/** Whose spoiled plastic lay in the rejection hopper, and is destroyed now. A refused request leaves none. */
async function findSpoiled(ctx: Context, { kioskId, spoiled, failed }: Finding): Promise<(Card | null)[]> {
  if (spoiled) return readSpoiled(ctx, { kioskId, spoiled, failed });
  const candidates = failed.filter((one) => failureOf(one)?.kind === 'production').map(({ card }) => card);
  const byPerson = { flag: '--spoiled none (or the card)', isAnsweredByYes: false };
  const found: (Card | null)[] = [];
  while (candidates.length > found.length) {
    const what = found.length > 0 ? 'another spoiled card' : 'a spoiled card';
    if (!(await ctx.ask.confirm(`Does ${what} lie in the rejection hopper of ${kioskId}?`, byPerson))) break;
    const left = candidates.filter((card) => !found.includes(card));
    const choices = [...left.map(name), NOBODY_KNOWS];
    const answer = await ctx.ask.choose('Of which card?', { ...byPerson, choices });
    found.push(left.find((card) => name(card) === answer) ?? null);
  }
  const question = found.length === 1 ? 'Is it destroyed?' : `Are these ${found.length} cards destroyed?`;
  if (found.length > 0 && !(await ctx.ask.confirm(question, byPerson)))
    throw declined('Have what lies in the rejection hopper destroyed; then run the command again.');
  return found;
}

/**
 * What flags say of it, without what an earlier run of the same command recorded already.
 * @throws Failure `usage` for a card that the journal doesn't know at this kiosk
 */
async function readSpoiled(
  ctx: Context,
  { kioskId, spoiled, failed }: Finding & { spoiled: Spoiled },
): Promise<(Card | null)[]> {
  const acts = await ctx.journal.listActs({ acts: ['destroyed'], kioskIds: [kioskId] });
  const there = await selectFromJournal(ctx, { kioskIds: [kioskId] });
  const cards = spoiled.filter((one) => one !== 'unknown').map((one) => findCard(one, there, kioskId));
  const isNew = (card: Card) =>
    !acts.some(
      ({ cardToken, attemptId }) =>
        cardToken === card.cardToken && (attemptId === card.attemptId || card.stage !== 'failed'),
    );
  // Since the last attempt that failed there.
  const since = Math.max(0, ...failed.map(({ attempt }) => attempt?.claimedAt ?? 0));
  const recorded = acts.filter(({ cardToken, startedAt }) => cardToken === null && startedAt >= since);
  const unknown = spoiled.filter((one) => one === 'unknown').slice(recorded.length);
  return [...new Set(cards.filter(isNew)), ...unknown.map(() => null)];
}

function findCard(reference: Reference, there: readonly JournalCard[], kioskId: string): Card {
  const found = there.find(({ card }) => isNamed(card, reference));
  if (found) return found.card;
  throw new Failure('usage', `--spoiled: the journal knows no such card in kiosk ${kioskId}.`, {
    hint: 'Name one that failed there, or say --spoiled unknown for one that nobody can tell.',
  });
}

async function askToRelease(ctx: Context, hold: Hold): Promise<void> {
  const { message } = kioskHeld(ctx, hold);
  const byPerson = { flag: '--release', isAnsweredByYes: false };
  if (!(await ctx.ask.confirm(`${message} Release it?`, byPerson))) throw kioskHeld(ctx, hold);
}

async function askWhetherAttended(ctx: Context, kioskId: string): Promise<boolean> {
  const question = `Does somebody take the cards at ${kioskId}? What nobody takes is spoiled.`;
  const byPerson = { flag: '--attended', isAnsweredByYes: false };
  if (await ctx.ask.confirm(question, byPerson)) return true;
  throw declined('Have somebody there to take the cards; then run the command again.');
}

async function recordDestroyed(
  ctx: Context,
  { kioskId, found }: { kioskId: string; found: readonly (Card | null)[] },
): Promise<void> {
  for (const card of found) {
    const subject = card ? { target: card, card } : KIOSK;
    await recordAct(ctx, { subject, act: 'destroyed', kioskId }, async () => undefined);
  }
}

async function release(ctx: Context, kioskId: string): Promise<Hold | null> {
  return recordAct(ctx, { subject: KIOSK, act: 'release', kioskId }, () =>
    ctx.journal.releaseKiosk(kioskId, ctx.clock.now()),
  );
}

function declined(hint: string): Failure {
  return new Failure('not-confirmed', 'Nothing was sent.', { hint });
}
