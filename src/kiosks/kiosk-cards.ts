import type { Context } from '../context/context.ts';
import { type Attempt, followUp, isOpen } from '../domain/attempt.ts';
import { describeCard } from '../domain/card.ts';
import { failure } from '../domain/errors/failure.ts';
import type { CardToken, KioskId } from '../domain/ids.ts';
import { isSelected, type JournalCard, type Selection } from '../domain/selection.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import type { CardState } from '../journal/journal.ts';

/**
 * The journal's cards that a selection matches, with the status that the journal knows: nothing is asked of the
 * API. In no order.
 * @param isUnfinished leaves out those that need nothing any more, which is much quicker
 */
export async function selectFromJournal(
  ctx: Context,
  selection: Selection,
  { isUnfinished = false } = {},
): Promise<JournalCard[]> {
  const { kioskIds } = selection;
  const states = await ctx.journal.listCardStates({ isUnfinished, ...(kioskIds && { kioskIds }) });
  const now = await vendorNow(ctx);
  return states.map((state) => toJournalCard(ctx, state, now)).filter((one) => isSelected(one, selection));
}

/** A card as the journal knows it; null when it doesn't. */
export async function findInJournal(
  ctx: Context,
  { cardToken, orderId }: { cardToken: CardToken | null; orderId: number | null },
): Promise<JournalCard | null> {
  const [state] = await ctx.journal.listCardStates({ card: { cardToken, orderId } });
  return state ? toJournalCard(ctx, state, await vendorNow(ctx)) : null;
}

/** The vendor's time, as far as it was seen how far its clock is ahead; milliseconds since the epoch. */
export async function vendorNow(ctx: Context): Promise<number> {
  return ctx.calendar.now() + (await ctx.journal.clockOffset());
}

/** @param now by the API's clock, in milliseconds since the epoch */
function toJournalCard(ctx: Context, state: CardState, now: number): JournalCard {
  const { profileId, orderId, cardToken, orderStatus, production, changedAt } = state;
  const created = parseVendorTime(state.cardCreatedAt)?.milliseconds;
  const attempt = asHeard(state);
  const facts = {
    profileId,
    orderId,
    cardToken,
    orderStatus,
    production,
    attempt,
    age: created === undefined ? null : now - created,
    requirements: null,
  };
  return { card: describeCard(facts, ctx.invocation), attempt, changedAt };
}

/** Applies newer events to an attempt. The journal is updated by the next read of the API. */
function asHeard({ attempt, production }: CardState): Attempt | null {
  if (attempt === null || !isOpen(attempt)) return attempt;
  // Only a read shows if a request arrived.
  const outcome = followUp(attempt, production, { isWindowOver: false });
  const isNews = outcome !== attempt.outcome && outcome !== 'unknown';
  return isNews ? { ...attempt, outcome, production } : attempt;
}

/** The kiosks of the context, those that the journal knows, and those on hold; in order. */
export async function knownKiosks(ctx: Context): Promise<KioskId[]> {
  const heard = [...(await ctx.journal.listKiosks()), ...(await ctx.journal.listHolds())];
  return [...new Set([...ctx.kiosks, ...heard.map(({ kioskId }) => kioskId)])].toSorted();
}

/**
 * Refuses kiosks that are not known: a typing error must not look like a kiosk at which all is well.
 * @throws Failure `usage`
 */
export async function requireKnownKiosks(ctx: Context, kioskIds: readonly KioskId[]): Promise<void> {
  if (kioskIds.length === 0) return;
  const known = await knownKiosks(ctx);
  const unknown = kioskIds.find((kioskId) => !known.includes(kioskId));
  if (unknown === undefined) return;
  throw failure('usage', describeUnknown(ctx, unknown), nameKnown(known, unknown));
}

export function describeUnknown({ name }: Context, kioskId: KioskId): string {
  return `Neither the journal nor context ${name} knows a kiosk “${printable(kioskId)}”.`;
}

/** The most kiosks that a message names. */
const NAMED = 20;

/** Names the known kiosks, similar ones first. */
export function nameKnown(known: readonly string[], wanted: string): string {
  const meant = nearestOf(wanted, known);
  const suggestion =
    meant.length > 0 && meant.length < known.length
      ? `Did you mean ${meant.map(printable).join(' or ')}? `
      : '';
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : '';
  const names = known.slice(0, NAMED).map(printable).join(', ') || 'none';
  return `${suggestion}Known here: ${names}${more}.`;
}
