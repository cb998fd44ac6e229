import { type CardEvent, contentOf, ORDER_EVENT, PRODUCTION_EVENT } from './event.ts';
import { rankOf } from './production.ts';
import { parseVendorTime } from './times/vendor-time.ts';

/** The latest event of one type. */
interface Projected {
  /** The event that determines the status; null if there are no events. */
  latest: CardEvent | null;
  /**
   * True if the times prove that all other events are earlier. If false, `latest` is a guess and must not decide
   * anything.
   */
  isCertain: boolean;
}

/** The status of a card, derived from its events only. */
interface ProjectedEvents {
  production: Projected;
  order: Projected;
}

/**
 * Interval of possible times of an event, from `from` to `to` (exclusive), in milliseconds. A time in whole seconds
 * lies anywhere within its second; an invalid time lies anywhere before the event was sent.
 */
interface Span {
  from: number;
  to: number;
  isReadable: boolean;
}

interface Placed extends Span {
  event: CardEvent;
  rank: number | undefined;
}

/** Sequence of the order statuses. A new order starts in one of the first two. */
const ORDER_RANK = new Map([
  ['PLACED', 0],
  ['REQUIREMENTS_FULFILLED', 1],
  ['CARD_DETAILS_CREATED', 2],
  ['PRODUCED', 3],
  ['COMPLETED', 4],
]);

/**
 * Returns the position of an order status in its sequence; undefined for CANCELLED, RETURNED and undocumented statuses.
 */
export function orderRankOf(status: string | null): number | undefined {
  return ORDER_RANK.get(status ?? '');
}

/** Returns the later of two order statuses. CANCELLED and RETURNED are final. */
export function laterOrderStatus(known: string | null, news: string | null): string | null {
  if (known === null || news === null) return known ?? news;
  const [knownRank, rank] = [orderRankOf(known), orderRankOf(news)];
  if (knownRank === undefined) return known;
  return rank === undefined || rank > knownRank ? news : known;
}

/**
 * Returns the latest events of a card. The result does not depend on the order of the events or on duplicates.
 * @param events verified events of one card, without test notifications
 */
export function projectEvents(events: Iterable<CardEvent>): ProjectedEvents {
  const all = [...events];
  const ofType = (type: string) =>
    all.filter(({ eventType, status }) => eventType === type && status !== null);
  return {
    production: projectOne(ofType(PRODUCTION_EVENT), rankOf),
    order: projectOne(ofType(ORDER_EVENT), orderRankOf),
  };
}

function projectOne(events: CardEvent[], rank: (status: string | null) => number | undefined): Projected {
  const placed = distinct(events).map((event) => ({ event, rank: rank(event.status), ...spanOf(event) }));
  const last = placed.filter((one) => !placed.some((other) => isBefore(one, other))).toSorted(compare);
  const [first] = last;
  if (!first) return { latest: null, isCertain: false };
  return {
    latest: first.event,
    isCertain: last.length === 1 && first.isReadable && first.rank !== undefined,
  };
}

/**
 * True if `left` is before `right` in a strict partial order. PRODUCED is after everything else. Other events are
 * ordered by time, and at equal times by status, because events of one attempt may share a time. Events whose times
 * overlap but differ, because one is less precise or invalid, are not ordered.
 */
function isBefore(left: Placed, right: Placed): boolean {
  const [leftAbsorbs, rightAbsorbs] = [absorbs(left.event), absorbs(right.event)];
  if (leftAbsorbs !== rightAbsorbs) return rightAbsorbs;
  if (left.to <= right.from) return true;
  const isSameTime = left.isReadable && right.isReadable && left.from === right.from && left.to === right.to;
  if (!isSameTime || left.rank === undefined || right.rank === undefined) return false;
  return left.rank < right.rank;
}

function absorbs({ eventType, status }: CardEvent): boolean {
  return eventType === PRODUCTION_EVENT && status === 'PRODUCED';
}

function spanOf({ occurredAt, sentAt }: CardEvent): Span {
  const occurred = parseVendorTime(occurredAt);
  if (occurred) {
    const { milliseconds, precision } = occurred;
    const from = milliseconds - (milliseconds % precision);
    return { from, to: from + precision, isReadable: true };
  }
  const sent = parseVendorTime(sentAt);
  const to = sent ? sent.milliseconds + sent.precision : Number.POSITIVE_INFINITY;
  return { from: Number.NEGATIVE_INFINITY, to, isReadable: false };
}

/** Removes duplicates that differ only in `sent_at`. Of these, the one that was sent first remains. */
function distinct(events: readonly CardEvent[]): CardEvent[] {
  const kept = new Map<string, CardEvent>();
  for (const event of events) {
    const key = contentOf(event);
    const known = kept.get(key);
    if (!known || compareSending(event, known) < 0) kept.set(key, event);
  }
  return [...kept.values()];
}

function compareSending(left: CardEvent, right: CardEvent): number {
  return compareValues(sentAtOf(left), sentAtOf(right)) || compareValues(textOf(left), textOf(right));
}

function sentAtOf({ sentAt }: CardEvent): number {
  return parseVendorTime(sentAt)?.milliseconds ?? Number.POSITIVE_INFINITY;
}

/** Sorts candidates by the progress of their status, then by the precision of their time, both descending. */
function compare(left: Placed, right: Placed): number {
  return (
    compareValues(right.rank ?? -1, left.rank ?? -1) ||
    compareValues(Number(right.isReadable), Number(left.isReadable)) ||
    compareValues(left.to - left.from, right.to - right.from) ||
    compareValues(right.to, left.to) ||
    compareValues(textOf(left.event), textOf(right.event))
  );
}

/** Serializes all fields of an event, as a key that is unique to its content. */
function textOf(event: CardEvent): string {
  const { sentAt, profileId, description } = event;
  return `${contentOf(event)}${JSON.stringify([sentAt, profileId, description])}`;
}

function compareValues<Value extends number | string>(left: Value, right: Value): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
