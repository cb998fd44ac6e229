import { forEachCard } from '../cards/session/each-card.ts';
import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Card, CardFacts } from '../domain/card.ts';
import { Outage } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import type { Production } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { compareVendorTimes } from '../domain/times/vendor-time.ts';
import type { KnownCard } from '../journal/journal.ts';

/** Changes from the time without a listener, as the API shows them. */
export interface CaughtUp {
  /** Start of the catch-up, in milliseconds since the epoch. */
  since: number;
  /** Number of cards that were read. */
  looked: number;
  /** Cards that changed without a stored event. */
  missed: Card[];
  /** Numbers of cards and profiles that were skipped for lack of credentials. */
  skipped: { cards: number; profiles: number };
  /** Number of cards that could not be read. */
  failed: number;
}

/**
 * Pause between two reads, in milliseconds. Wise allows 1,000 requests per minute; most are left for other commands.
 */
const PAUSE_MS = 1_000;

/** Maximum number of consecutive outages. After these, the remaining cards are not read. */
const MOST_OUTAGES = 3;

/** Final statuses of productions and orders. */
const FINAL = new Set(['PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED']);

/**
 * Reads each unfinished card that is in production or has changed since a given time. Each card is read once, newest
 * first. Updates the journal; sends no write requests.
 * @param since milliseconds since the epoch
 */
export async function catchUp(ctx: Context, since: number): Promise<CaughtUp> {
  const cards = await unfinished(ctx, await ctx.journal.listRecentCards(since));
  const missed = new Set<CardSession>();
  const outages: Outage[] = [];
  const results = await forEachCard(
    ctx,
    { lanes: [{ kiosk: null, cards }], authorizeFirst: true },
    async (session, card) => {
      const lastOutage = outages.at(-1);
      if (lastOutage && outages.length >= MOST_OUTAGES) throw lastOutage;
      if (ctx.environment !== 'local' && card !== cards[0]) await ctx.stopwatch.sleep(PAUSE_MS, ctx.signal);
      const knew = await knowledgeOf(ctx, card);
      const facts = await readCard(session, outages);
      if (isNews(facts, knew)) missed.add(session);
    },
  );
  ctx.signal.throwIfAborted();
  return { since, missed: [...missed].map(({ card }) => card), ...countsOf(results) };
}

/** Reads a card. @param outages consecutive outages so far; a successful read clears the list */
async function readCard(session: CardSession, outages: Outage[]): Promise<CardFacts> {
  try {
    const { facts } = await session.read();
    outages.length = 0;
    return facts;
  } catch (error) {
    if (error instanceof Outage) outages.push(error);
    throw error;
  }
}

function countsOf(results: readonly CardResult[]): Pick<CaughtUp, 'looked' | 'skipped' | 'failed'> {
  const without = results.filter(({ exitCode }) => exitCode === 3);
  return {
    looked: results.filter(({ exitCode }) => exitCode === 0).length,
    skipped: { cards: without.length, profiles: new Set(without.map(({ card }) => card.profileId)).size },
    failed: results.filter(({ exitCode }) => exitCode !== 0 && exitCode !== 3).length,
  };
}

async function unfinished(ctx: Context, cards: readonly KnownCard[]): Promise<KnownCard[]> {
  const open: KnownCard[] = [];
  for (const card of cards) {
    const { events, production } = await knowledgeOf(ctx, card);
    const isOver = production?.status === 'PRODUCED' || events.some(({ status }) => FINAL.has(status ?? ''));
    if (!isOver) open.push(card);
  }
  return open;
}

/** The state of a card in the journal before a read: its verified events, and the production of its latest attempt. */
interface Knowledge {
  events: KeptEvent[];
  production: Production | null;
}

async function knowledgeOf(
  ctx: Context,
  { cardToken, orderId }: Pick<KnownCard, 'cardToken' | 'orderId'>,
): Promise<Knowledge> {
  const events = await ctx.journal.listEvents({ card: { cardToken, orderId } });
  const attempt = cardToken === null ? null : await ctx.journal.latestAttempt(cardToken);
  return {
    events: events.filter(({ isTest, isVerified }) => isVerified && !isTest),
    production: attempt?.production ?? null,
  };
}

/**
 * True if the API shows a production, or the end of an order, that the journal does not know. READY is ignored, because
 * every card starts with it.
 */
function isNews({ production, orderStatus }: CardFacts, knew: Knowledge): boolean {
  const isEnd = orderStatus !== null && FINAL.has(orderStatus);
  if (isEnd && !knew.events.some(({ status }) => status === orderStatus)) return true;
  if (!production || production.status === 'READY') return false;
  const isSame = ({ status, occurredAt }: { status: string | null; occurredAt: string | null }) =>
    status === production.status && (compareVendorTimes(occurredAt, production.occurredAt) ?? 0) === 0;
  return !(knew.events.some(isSame) || (knew.production !== null && isSame(knew.production)));
}
