import { wholeReference } from '../context/card-names.ts';
import type { Context } from '../context/context.ts';
import { declined, recordAction } from '../context/record-action.ts';
import { type Card, cardLabel } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import { type CardName, isNamed, type KioskId, type Reference } from '../domain/ids.ts';
import { failureOf, type JournalCard } from '../domain/selection.ts';
import { selectFromJournal } from './kiosk-cards.ts';

/** Rejected cards that the user has destroyed; `unknown` for an unidentified card. */
export type RejectedCards = readonly (CardName | 'unknown')[];

/** The flag that replaces the prompts about rejected cards. */
export const REJECTED_FLAG = '--rejected <none|CARD|unknown>';

const NOBODY_KNOWS = 'unknown card';

interface Search {
  kioskId: KioskId;
  rejected: RejectedCards | null;
  failed: readonly JournalCard[];
}

/**
 * Returns the rejected cards that the user has destroyed, from flags or prompts. Excludes cards that are already
 * recorded, and cards of refused requests, which the kiosk did not reject.
 */
export async function findRejected(
  ctx: Context,
  { kioskId, rejected, failed }: Search,
): Promise<(Card | null)[]> {
  const recorded = await findRecorded(ctx, { kioskId, failed });
  if (rejected) return readRejected(ctx, { kioskId, rejected, recorded });
  const candidates = failed
    .filter((one) => failureOf(one)?.kind === 'production' && !recorded.has(one.card))
    .map(({ card }) => card);
  const byPerson = { flag: REJECTED_FLAG, isAnsweredByYes: false };
  const found: (Card | null)[] = [];
  while (candidates.length - recorded.unknown > found.length) {
    const what = found.length > 0 ? 'another rejected card' : 'a rejected card';
    if (!(await ctx.ask.confirm(`Is ${what} in the rejection hopper of ${kioskId}?`, byPerson))) break;
    const left = candidates.filter((card) => !found.includes(card));
    const choices = [...left.map(cardLabel), NOBODY_KNOWS];
    const answer = await ctx.ask.choose('Which card is it?', { ...byPerson, choices });
    found.push(left.find((card) => cardLabel(card) === answer) ?? null);
  }
  const question =
    found.length === 1 ? 'Has it been destroyed?' : `Have these ${found.length} cards been destroyed?`;
  if (found.length > 0 && !(await ctx.ask.confirm(question, byPerson)))
    throw declined('Have the cards in the rejection hopper destroyed, then run the command again.');
  return found;
}

/** Destroyed cards that the journal has already. */
interface Recorded {
  /** True if this card is recorded as destroyed since its last failure. */
  has(card: Card): boolean;
  /** Number of unidentified cards that were recorded since the last failed attempt at the kiosk. */
  unknown: number;
}

async function findRecorded(
  ctx: Context,
  { kioskId, failed }: Pick<Search, 'kioskId' | 'failed'>,
): Promise<Recorded> {
  const acts = await ctx.journal.listActions({ actions: ['destroyed'], kioskIds: [kioskId] });
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
 * Resolves the rejected cards that flags name, without those already recorded.
 * @throws Failure `usage` for a card that the journal does not have at this kiosk
 */
async function readRejected(
  ctx: Context,
  { kioskId, rejected, recorded }: { kioskId: KioskId; rejected: RejectedCards; recorded: Recorded },
): Promise<(Card | null)[]> {
  const there = await selectFromJournal(ctx, { kioskIds: [kioskId] });
  const named = rejected.filter((one) => one !== 'unknown');
  const references = await Promise.all(named.map(async (name) => wholeReference(ctx, name)));
  const cards = references.map((one) => findCard(one, there, kioskId));
  const unknown = rejected.filter((one) => one === 'unknown').slice(recorded.unknown);
  return [...new Set(cards.filter((card) => !recorded.has(card))), ...unknown.map(() => null)];
}

function findCard(reference: Reference, there: readonly JournalCard[], kioskId: KioskId): Card {
  const found = there.find(({ card }) => isNamed(card, reference));
  if (found) return found.card;
  throw failure(
    'usage',
    `--rejected: the journal has no such card at kiosk ${kioskId}.`,
    'Pass a card that failed there, or --rejected unknown.',
  );
}

/** Records that rejected cards were destroyed. @param found the cards; null for an unidentified one */
export async function recordDestroyed(
  ctx: Context,
  { kioskId, found }: { kioskId: KioskId; found: readonly (Card | null)[] },
): Promise<void> {
  for (const card of found) {
    const destroyed = card && { card: { identity: card, card } };
    await recordAction(ctx, { ...destroyed, action: 'destroyed', kioskId }, async () => undefined);
  }
}
