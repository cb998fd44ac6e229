import { forEachCard, inSequence } from '../cards/session/each-card.ts';
import type { CardSession } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import type { Card, CardFacts } from '../domain/card.ts';
import { Outage } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import type { Production } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { compareVendorTimes } from '../domain/times/vendor-time.ts';
import type { KnownCard } from '../journal/journal.ts';

/** What the API said about the time in which nobody listened. */
export interface CaughtUp {
  /** How far back, in milliseconds since the epoch. */
  since: number;
  /** Cards that were looked at. */
  looked: number;
  /** Those of them that moved without an event. */
  missed: Card[];
  /** Cards, and their profiles, that there are no credentials for. */
  skipped: { cards: number; profiles: number };
  /** Cards that could not be read. */
  failed: number;
}

/** A look takes some requests; the vendor allows a client 1,000 a minute, and this leaves it most of them. */
const PAUSE_MS = 1_000;

/** After so many looks in a row that came to nothing, the API is down, and the other cards are not tried. */
const PATIENCE = 3;

/** Nothing follows these: of the production, and of the order. */
const FINAL = new Set(['PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED']);

/**
 * Asks the API once about each card that the journal heard of since a time and that may have moved on, newest first. The
 * journal learns from what is seen; nothing is sent.
 */
export async function catchUp(ctx: Context, since: number): Promise<CaughtUp> {
  const cards = await unfinished(ctx, await ctx.journal.listRecentCards(since));
  const missed = new Set<CardSession>();
  const outages: Outage[] = [];
  const results = await forEachCard(
    ctx,
    { lanes: inSequence(cards), authorizeFirst: true },
    async (session, card) => {
      const lastOutage = outages.at(-1);
      if (lastOutage && outages.length >= PATIENCE) throw lastOutage;
      if (ctx.environment !== 'local' && card !== cards[0]) await ctx.clock.sleep(PAUSE_MS, ctx.signal);
      const knew = await knowledgeOf(ctx, card);
      const facts = await lookAt(session, outages);
      if (isNews(facts, knew)) missed.add(session);
    },
  );
  ctx.signal.throwIfAborted();
  return { since, missed: [...missed].map(({ card }) => card), ...countsOf(results) };
}

/** @param outages those in a row: one more is added, or they are over */
async function lookAt(session: CardSession, outages: Outage[]): Promise<CardFacts> {
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

/** What the journal knows of a card before a look: its real events, and the production of its latest attempt. */
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

/** READY is where every card begins: only what a kiosk did, and the end of an order, are worth telling. */
function isNews({ production, orderStatus }: CardFacts, knew: Knowledge): boolean {
  const isEnd = orderStatus !== null && FINAL.has(orderStatus);
  if (isEnd && !knew.events.some(({ status }) => status === orderStatus)) return true;
  if (!production || production.status === 'READY') return false;
  const isSame = ({ status, occurredAt }: { status: string | null; occurredAt: string | null }) =>
    status === production.status && (compareVendorTimes(occurredAt, production.occurredAt) ?? 0) === 0;
  return !(knew.events.some(isSame) || (knew.production !== null && isSame(knew.production)));
}
