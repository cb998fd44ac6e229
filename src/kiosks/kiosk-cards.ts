import { listHolds } from '../cards/session/hold-check.ts';
import { settleOpenAttempt } from '../cards/session/send.ts';
import { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { leased, leaseOnCard, listLeases } from '../context/leases.ts';
import { inTurns } from '../context/turns.ts';
import { type Attempt, followUp, isOpen, isUnsettled } from '../domain/attempt.ts';
import { type Card, cardLabel, describeCard } from '../domain/card.ts';
import { asFailure, failure } from '../domain/errors/failure.ts';
import { type CardToken, formatReference, type KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import {
  byUrgency,
  failureOf,
  isSelected,
  type JournalCard,
  kioskOf,
  type Selection,
} from '../domain/selection.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted, nearestOf } from '../domain/text/words.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import type { CardState } from '../journal/journal.ts';
import type { LeftOut } from './retry/retry-plan.ts';

/**
 * Returns the cards of the journal that match a selection, in no particular order, without reading the API.
 * @param options `isUnfinished`: excludes finished cards, which is much faster
 */
export async function selectFromJournal(
  ctx: Context,
  selection: Selection,
  { isUnfinished = false } = {},
): Promise<JournalCard[]> {
  const { kioskIds, currentSince } = selection;
  const states = await ctx.journal.listCardStates({
    isUnfinished,
    ...(kioskIds && { kioskIds }),
    ...(currentSince !== undefined && { currentSince }),
  });
  const now = await vendorNow(ctx);
  const selected: JournalCard[] = [];
  await inTurns(states, (state) => {
    const one = toJournalCard(ctx, state, now);
    if (isSelected(one, selection)) selected.push(one);
  });
  return selected;
}

/** Reads the cards that events with a higher id name, in no particular order. */
export async function readCardsOfEvents(
  ctx: Context,
  afterId: number,
): Promise<{ one: JournalCard; isUnfinished: boolean }[]> {
  const states = await ctx.journal.listCardsOfEvents(afterId);
  const now = await vendorNow(ctx);
  return states.map((state) => ({
    one: toJournalCard(ctx, state, now),
    isUnfinished: state.isUnfinished,
  }));
}

/**
 * Adds a note if the journal has no cards at all, because Wise may have some.
 * @param found number of cards that the command found
 */
export async function noteEmptyJournal(ctx: Context, found: number): Promise<void> {
  if (found > 0 || (await ctx.journal.listCards()).length > 0) return;
  const fill = commandLine(['status', '--from-api'], ctx.invocation);
  ctx.report.note(
    `The journal has no cards for environment ${ctx.environment}. Read the cards of one profile from the API: ${fill}`,
  );
}

/**
 * Prompts for the cards to retry: all that failed at a kiosk, or a single one.
 * @throws Failure `usage` if the journal has no failed card
 */
export async function chooseFailed(ctx: Context): Promise<{ kioskId: KioskId } | { card: Card }> {
  const failed = (await selectFromJournal(ctx, { isFailed: true }, { isUnfinished: true })).toSorted(
    byUrgency,
  );
  if (failed.length === 0) {
    throw failure(
      'usage',
      `The journal has no failed cards for environment ${ctx.environment}.`,
      'Name the cards, or read those of one profile from the API: kioskctl status --from-api',
    );
  }
  const kiosks = [...Map.groupBy(failed, kioskOf)].flatMap(([kioskId, { length }]) =>
    kioskId !== null && length > 1
      ? [{ label: `All ${length} cards that failed at ${kioskId}`, count: length, chosen: { kioskId } }]
      : [],
  );
  const cards = failed.map((one) => ({ label: describeFailedCard(one), chosen: { card: one.card } }));
  const choices = [...kiosks.toSorted((left, right) => right.count - left.count), ...cards];
  const answer = await ctx.ask.choose('Which cards?', {
    flag: '--kiosk <ID>',
    choices: choices.map(({ label }) => label),
  });
  const chosen = choices.find(({ label }) => label === answer)?.chosen;
  if (!chosen) throw new TypeError('the answer is not one of the choices');
  return chosen;
}

/** Describes a failed card in a line: name, error code, kiosk, days left. */
function describeFailedCard(one: JournalCard): string {
  const { daysLeft } = one.card;
  const code = failureOf(one)?.errorCode ?? 'no error code';
  const left = daysLeft === null ? '' : `, ${counted(daysLeft, 'day')} left`;
  return `${formatReference(one.card)}: ${code} at ${kioskOf(one)}${left}`;
}

/** Returns a card from the journal; null if the journal does not contain it. */
export async function findInJournal(
  ctx: Context,
  { cardToken, orderId }: { cardToken: CardToken | null; orderId: number | null },
): Promise<JournalCard | null> {
  const [state] = await ctx.journal.listCardStates({ card: { cardToken, orderId } });
  return state ? toJournalCard(ctx, state, await vendorNow(ctx)) : null;
}

/** Returns the time of Wise's clock in milliseconds since the epoch, computed from the recorded clock difference. */
export async function vendorNow(ctx: Context): Promise<number> {
  return ctx.calendar.now() + (await ctx.journal.clockOffset());
}

/** @param now time of Wise's clock, in milliseconds since the epoch */
function toJournalCard(ctx: Context, state: CardState, now: number): JournalCard {
  const { profileId, orderId, cardToken, orderStatus, production, changedAt } = state;
  const created = parseVendorTime(state.cardCreatedAt)?.milliseconds;
  const attempt = withEvents(state);
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
  return { card: describeCard(facts, ctx.invocation), attempt, changedAt, createdAt: created ?? null };
}

/**
 * Returns the latest attempt, with the outcome that newer events report; null if there is none. The journal records
 * this outcome at the next read of the API.
 */
function withEvents({ attempt, production }: CardState): Attempt | null {
  if (attempt === null || !isOpen(attempt)) return attempt;
  // Only a read of the API proves that a request did not arrive.
  const outcome = followUp(attempt, production, { isWindowOver: false });
  const isNews = outcome !== attempt.outcome && outcome !== 'unknown';
  return isNews ? { ...attempt, outcome, production } : attempt;
}

/** Returns the ids of all known kiosks, sorted: those of the context, of the journal, and on hold. */
export async function knownKiosks(ctx: Context): Promise<KioskId[]> {
  return mergeKiosks(ctx, [...(await ctx.journal.listKiosks()), ...(await listHolds(ctx))]);
}

/** Returns the ids of the context's kiosks and of recorded ones, sorted. */
export function mergeKiosks({ kiosks }: Context, recorded: readonly { kioskId: KioskId }[]): KioskId[] {
  return [...new Set([...kiosks, ...recorded.map(({ kioskId }) => kioskId)])].toSorted();
}

/**
 * Rejects unknown kiosks. Otherwise, a mistyped id would look like a kiosk without failures.
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
  return `Kiosk “${printable(kioskId)}” is neither in the journal nor in context ${name}.`;
}

/** Maximum number of kiosks in a message. */
const NAMED = 20;

/** Lists the known kiosks for a message, most similar first. */
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

interface Settled {
  /** The cards after the update. */
  cards: JournalCard[];
  /** Cards that may be in their kiosk: their attempt is open, and they can't be read. */
  stuck: LeftOut[];
}

/**
 * Updates open attempts whose command was killed or did not wait for the result. If a listener is running, accepted
 * attempts are skipped, because their events arrive.
 */
export async function settleOpenAttempts(ctx: Context, cards: readonly JournalCard[]): Promise<Settled> {
  const isListenedTo = await ctx.journal.isListenedTo();
  const leases = new Map((await listLeases(ctx)).map((lease) => [lease.subject, lease]));
  const settled: Settled = { cards: [], stuck: [] };
  for (const one of cards) {
    const { attempt, card } = one;
    const isOurs = attempt?.origin === 'ours' && isOpen(attempt);
    const lease = isOurs ? leases.get(leaseOnCard(card.cardToken)) : undefined;
    if (lease) settled.stuck.push({ card, kioskId: kioskOf(one), failure: leased(ctx, lease) });
    else if (!isOurs || (isListenedTo && !isUnsettled(attempt))) settled.cards.push(one);
    else {
      const end = await settle(ctx, one);
      if ('failure' in end) settled.stuck.push(end);
      else settled.cards.push(end);
    }
  }
  return settled;
}

async function settle(ctx: Context, one: JournalCard): Promise<JournalCard | LeftOut> {
  const session = new CardSession(ctx, one.card);
  try {
    if (one.attempt) await settleOpenAttempt(ctx, session, one.attempt);
    if (session.card.stage === 'produced')
      ctx.report.note(`Card ${cardLabel(session.card)}, sent before, was produced.`);
    const attempt = session.latest?.facts.attempt ?? one.attempt;
    const moved = parseVendorTime(session.card.production?.occurredAt ?? null)?.milliseconds;
    return { card: session.card, attempt, changedAt: moved ?? one.changedAt, createdAt: one.createdAt };
  } catch (error) {
    ctx.signal.throwIfAborted();
    await session.loadFromJournal();
    return { card: session.card, kioskId: kioskOf(one), failure: asFailure(error) };
  }
}
