import { type Card, name } from '../../domain/card.ts';
import { Failure } from '../../domain/failure.ts';
import { causesOf, describeCause, needsHands } from '../../domain/recovery.ts';
import { isNamed, type Reference } from '../../domain/reference.ts';
import { failureOf, isSelected, type JournalCard } from '../../domain/selection.ts';
import type { Hold } from '../../journal/journal.ts';
import { NO_CARD, recordAct } from '../acts.ts';
import type { Context } from '../context.ts';
import { findHold, kioskHeld } from '../holds.ts';
import { leaseOnKiosk, withLeases } from '../leases.ts';
import { declined } from './approval.ts';
import { releaseKiosk } from './hold.ts';
import { selectFromJournal } from './journal-cards.ts';
import { requireKnownKiosks } from './known-kiosks.ts';
import type { RunOptions } from './retry-run.ts';
import { retrySelection, type SelectedRetry } from './retry-selection.ts';
import { settleOpenAttempts } from './settle-open.ts';

/** The spoiled cards that lay in the rejection hopper and are destroyed now; `unknown` for one that nobody can tell. */
export type Spoiled = readonly (Reference | 'unknown')[];

export interface RecoverOptions extends Omit<RunOptions, 'selection' | 'onApproved'> {
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

/**
 * Brings a kiosk back: says what failed there and what to touch, asks until all of it is done, keeps that in the journal,
 * and produces the failed cards again, a canary first. Nothing is kept or sent before the plan is approved, which comes
 * last; nobody else works at the kiosk from the first question on.
 * @throws Failure `usage` for a kiosk or a card that nobody knows there, `input-required`, `not-confirmed`, `kiosk-held`,
 *   `leased`
 */
export async function recover(
  ctx: Context,
  kioskId: string,
  { spoiled, isReleased, ...options }: RecoverOptions,
): Promise<Recovery> {
  await requireKnownKiosks(ctx, [kioskId]);
  return withLeases(ctx, { subjects: [leaseOnKiosk(kioskId)], act: 'recover' }, async () => {
    const failed = await findFailed(ctx, kioskId);
    await askWhetherFixed(ctx, kioskId, failed);
    const destroyed = await findSpoiled(ctx, { kioskId, spoiled, failed });
    const hold = await findHold(ctx, kioskId);
    if (hold && !isReleased) await askToRelease(ctx, hold);
    let released: Hold | null = null;
    const onApproved = async () => {
      await recordDestroyed(ctx, { kioskId, found: destroyed });
      released = hold && (await releaseKiosk(ctx, kioskId, { shown: hold }));
    };
    const retried = { kioskIds: [kioskId], errorCodes: [], exclude: [], limit: null, toKiosk: null };
    const approval = { isDryRun: false, ignoresHolds: hold !== null, onApproved };
    const retry = await retrySelection(ctx, retried, { ...options, ...approval });
    return { kioskId, released, destroyed, retry };
  });
}

/** What failed there, also what nobody heard of yet: attempts that are open are looked at first. */
async function findFailed(ctx: Context, kioskId: string): Promise<JournalCard[]> {
  const there = { kioskIds: [kioskId] };
  const unfinished = await selectFromJournal(ctx, there, { isUnfinished: true });
  const { cards } = await settleOpenAttempts(ctx, unfinished);
  return cards.filter((one) => isSelected(one, { ...there, isFailed: true }));
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

/**
 * Whose spoiled plastic lay in the rejection hopper, and is destroyed now; without what was recorded already. A refused
 * request leaves none.
 */
async function findSpoiled(ctx: Context, { kioskId, spoiled, failed }: Finding): Promise<(Card | null)[]> {
  const recorded = await findRecorded(ctx, { kioskId, failed });
  if (spoiled) return readSpoiled(ctx, { kioskId, spoiled, recorded });
  const candidates = failed
    .filter((one) => failureOf(one)?.kind === 'production' && !recorded.has(one.card))
    .map(({ card }) => card);
  const byPerson = { flag: '--spoiled none (or the card)', isAnsweredByYes: false };
  const found: (Card | null)[] = [];
  while (candidates.length - recorded.unknown > found.length) {
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

/** What an earlier run recorded as destroyed. */
interface Recorded {
  /** The plastic of the card's last failure. */
  has(card: Card): boolean;
  /** How many cards that nobody could tell, since the last attempt that failed there. */
  unknown: number;
}

async function findRecorded(
  ctx: Context,
  { kioskId, failed }: Pick<Finding, 'kioskId' | 'failed'>,
): Promise<Recorded> {
  const acts = await ctx.journal.listActs({ acts: ['destroyed'], kioskIds: [kioskId] });
  const since = Math.max(0, ...failed.map(({ attempt }) => attempt?.claimedAt ?? 0));
  return {
    has: (card) =>
      acts.some(
        ({ cardToken, attemptId }) =>
          cardToken === card.cardToken && (attemptId === card.attemptId || card.stage !== 'failed'),
      ),
    unknown: acts.filter(({ cardToken, startedAt }) => cardToken === null && startedAt >= since).length,
  };
}

/**
 * What flags say of it.
 * @throws Failure `usage` for a card that the journal doesn't know at this kiosk
 */
async function readSpoiled(
  ctx: Context,
  { kioskId, spoiled, recorded }: { kioskId: string; spoiled: Spoiled; recorded: Recorded },
): Promise<(Card | null)[]> {
  const there = await selectFromJournal(ctx, { kioskIds: [kioskId] });
  const cards = spoiled.filter((one) => one !== 'unknown').map((one) => findCard(one, there, kioskId));
  const unknown = spoiled.filter((one) => one === 'unknown').slice(recorded.unknown);
  return [...new Set(cards.filter((card) => !recorded.has(card))), ...unknown.map(() => null)];
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

async function recordDestroyed(
  ctx: Context,
  { kioskId, found }: { kioskId: string; found: readonly (Card | null)[] },
): Promise<void> {
  for (const card of found) {
    const subject = card ? { target: card, card } : NO_CARD;
    await recordAct(ctx, { subject, act: 'destroyed', kioskId }, async () => undefined);
  }
}
