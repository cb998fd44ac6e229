import { type CardEvent, contentOf, ORDER_EVENT, PRODUCTION_EVENT } from './event.ts';
import { rankOf } from './production.ts';
import { parseVendorTime } from './times/vendor-time.ts';

/** What the events of one kind say together. */
export interface Projected {
  /** The event that tells where things stand; null while none came. */
  latest: CardEvent | null;
  /** Does every other event come before it, by times that can be read? If not, it is a guess, and decides nothing. */
  isCertain: boolean;
}

/** Where a card stands by its events alone. */
export interface ProjectedEvents {
  production: Projected;
  order: Projected;
}

/**
 * The time of an event, from `from` up to but not including `to`, in milliseconds: a time in whole seconds may be
 * anywhere within its second, and one that can't be read anywhere before the sending.
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

/** A new order may begin in either of the first two. */
const ORDER_RANK = new Map([
  ['PLACED', 0],
  ['REQUIREMENTS_FULFILLED', 1],
  ['CARD_DETAILS_CREATED', 2],
  ['PRODUCED', 3],
  ['COMPLETED', 4],
]);

/** @returns undefined for the side exits, and for a word that nobody documented */
export function orderRankOf(status: string | null): number | undefined {
  return ORDER_RANK.get(status ?? '');
}

/** Of two order statuses, the one that comes later: the end of an order stays, and so do its side exits. */
export function laterOrderStatus(known: string | null, told: string | null): string | null {
  if (known === null || told === null) return known ?? told;
  const [knownRank, toldRank] = [orderRankOf(known), orderRankOf(told)];
  if (knownRank === undefined) return known;
  return toldRank === undefined || toldRank > knownRank ? told : known;
}

/**
 * Where a card stands, from all of its events: those that no other comes after. It is a function of the set of events:
 * neither their order nor their repetition changes it. Other cards' events, test notifications and hints are the
 * caller's to leave out.
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
 * A strict partial order. PRODUCED of a production absorbs everything else; between the others the times decide, and
 * equal times the rank: events of one attempt may carry the same time. Times that overlap without being equal, because
 * one is coarser or can't be read, leave two events side by side.
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

/** The same event may come more than once, with another `sent_at`: the least one stays. */
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
  return compareNumbers(sentAtOf(left), sentAtOf(right)) || compareTexts(textOf(left), textOf(right));
}

function sentAtOf({ sentAt }: CardEvent): number {
  return parseVendorTime(sentAt)?.milliseconds ?? Number.POSITIVE_INFINITY;
}

/** Which of several candidates is the best guess: the furthest, then the one whose time is known best. */
function compare(left: Placed, right: Placed): number {
  return (
    compareNumbers(right.rank ?? -1, left.rank ?? -1) ||
    compareNumbers(Number(right.isReadable), Number(left.isReadable)) ||
    compareNumbers(left.to - left.from, right.to - right.from) ||
    compareNumbers(right.to, left.to) ||
    compareTexts(textOf(left.event), textOf(right.event))
  );
}

/** All that an event says, in a fixed order, so that no two different ones are equal. */
function textOf(event: CardEvent): string {
  const { sentAt, profileId, description } = event;
  return `${contentOf(event)}${JSON.stringify([sentAt, profileId, description])}`;
}

function compareNumbers(left: number, right: number): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
