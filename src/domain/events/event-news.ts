import type { CardFacts } from '../card.ts';
import { isLater, type Production, rankOf } from '../production.ts';
import { compareVendorTimes, parseVendorTime } from '../times/vendor-time.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT, productionOf } from './event.ts';
import { foldEvents, orderRankOf } from './fold-events.ts';

/** What the events of a card tell beyond any doubt. */
export interface Told {
  production: Production;
  /** The event that says so. */
  event: KeptEvent;
}

/**
 * What signed events tell of a card that was looked at before, when it needs no look at the API: that it became ready,
 * or the result of the attempt in progress.
 * Only the latest production event counts, and only if none can be later; its time must be readable, and it must
 * belong to what was seen: what an earlier attempt left behind tells nothing here.
 * @param facts what the last look showed
 * @param events all events of the card that the journal keeps
 * @returns null when nothing is certain: then only the API knows
 */
export function whatEventsTell(facts: CardFacts, events: readonly KeptEvent[]): Told | null {
  const trusted = events.filter(({ isVerified, isTest }) => isVerified && !isTest);
  const { latest, isCertain } = foldEvents(trusted).production;
  const production = latest && productionOf(latest);
  const event = trusted.find((one) => one === latest);
  if (!isCertain || !production || !event) return null;
  const isOfCard =
    event.cardToken === facts.cardToken && (event.profileId ?? facts.profileId) === facts.profileId;
  if (!isOfCard) return null;
  if (production.status === 'READY') return becameReady(facts, trusted) ? { production, event } : null;
  const result = resultOf(facts, production);
  return result && { production: result, event };
}

/** READY is the start of every card: it tells something only where nothing at all was seen of the production. */
function becameReady({ production, attempt, orderStatus }: CardFacts, events: readonly KeptEvent[]): boolean {
  if (production !== null || attempt !== null || orderStatus !== 'CARD_DETAILS_CREATED') return false;
  const orders = events.filter(({ eventType }) => eventType === ORDER_EVENT);
  return orders.every(({ status }) => (orderRankOf(status) ?? 9) <= 2);
}

/**
 * Is this the result of the attempt in progress? It must be of the same kiosk, not older than the request, and younger
 * than what was there before it. A time in whole seconds may hide an earlier attempt within the same second: it counts
 * only where what was there before is known to be of an earlier second.
 */
function resultOf({ attempt }: CardFacts, production: Production): Production | null {
  if (production.status !== 'PRODUCED' && production.status !== 'PRODUCTION_ERROR') return null;
  const running = attempt?.production;
  if (attempt?.outcome !== 'accepted' || running?.status !== 'IN_PROGRESS') return null;
  const kiosks = new Set([production.kioskId, running.kioskId, attempt.kioskId]);
  if (production.kioskId === null || kiosks.size > 1) return null;
  const { occurredAt } = production;
  const order = compareVendorTimes(occurredAt, running.occurredAt);
  if (order === undefined || order < 0) return null;
  if (!isAfterBaseline(occurredAt, { running, baseline: attempt.baseline })) return null;
  // The same moment: the attempt's own time may be the finer one.
  return order === 0 && isCoarse(occurredAt) ? { ...production, occurredAt: running.occurredAt } : production;
}

function isAfterBaseline(
  occurredAt: string | null,
  { running, baseline }: { running: Production; baseline: Production | null },
): boolean {
  if (baseline === null) return !isCoarse(occurredAt) && !isCoarse(running.occurredAt);
  if (baseline.status === 'READY') return true;
  const order = compareVendorTimes(occurredAt, baseline.occurredAt);
  return order !== undefined && order > 0;
}

/**
 * May an event tell something that the last look did not show? Then a new look is worth its request. Hints and
 * unreadable times are news as long as the API doesn't say the same.
 */
export function isNews(facts: CardFacts, event: KeptEvent): boolean {
  if (event.isTest) return false;
  const isOfCard = event.eventType === ORDER_EVENT || event.eventType === PRODUCTION_EVENT;
  // Of another schema: only the API can say what it says.
  if (isOfCard && event.status === null) return true;
  if (event.eventType === ORDER_EVENT) return isOrderNews(facts.orderStatus, event.status);
  return event.eventType === PRODUCTION_EVENT && isProductionNews(facts.production, productionOf(event));
}

function isOrderNews(known: string | null, status: string | null): boolean {
  if (status === null || status === known) return false;
  const [before, after] = [orderRankOf(known), orderRankOf(status)];
  return before === undefined || after === undefined || after > before;
}

function isProductionNews(known: Production | null, said: Production | null): boolean {
  if (!said) return false;
  if (!known) return true;
  const order = compareVendorTimes(said.occurredAt, known.occurredAt);
  const isSame =
    said.status === known.status && said.kioskId === known.kioskId && said.errorCode === known.errorCode;
  if (isSame && order === 0) return false;
  if (rankOf(said.status) === undefined || rankOf(known.status) === undefined) return true;
  // PRODUCED is the end, and READY the start, whatever their times say.
  if (known.status === 'PRODUCED' || said.status === 'READY') return false;
  if (order === undefined || (order === 0 && (isCoarse(said.occurredAt) || isCoarse(known.occurredAt))))
    return true;
  return isLater(said, known) !== false;
}

function isCoarse(time: string | null): boolean {
  return parseVendorTime(time)?.precision === 1_000;
}
