import type { CardSession } from '../../cards/session/session.ts';
import type { Context } from '../../context/context.ts';
import { poll } from '../../context/poll.ts';
import type { Card } from '../../domain/card.ts';
import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import type { ErrorKind } from '../../domain/errors/vendor-errors.ts';
import type { Unmet } from '../../domain/run.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Expectation, expectation, type Matcher, type Scalar } from './expectation.ts';
import { defineStep, type StepEnd } from './step.ts';

/** Default time to wait for an event, in milliseconds. */
const EVENTS_MS = 10_000;

export const expect = defineStep({
  kind: 'expect',
  about: 'Checks what must be true now. If it is not, the run ends with 11.',
  example: 'expect: {stage: produced}',
  schema: expectation,
  card: 'optional',
  storedBefore: false,
  requires: null,
  isCheck: true,
  title: (fields) =>
    Object.entries(fields)
      .map(([field, matcher]) => `${field} ${describeMatcher(field, matcher)}`)
      .join(', '),
  /**
   * Compares the expectations with the last read of the card. Reads again until they are met or the timeout is over.
   * Without a timeout, reads once, except if an event is expected.
   */
  async run({ ctx, session, last, lostAttempts, timeout }, fields) {
    const readEvents = 'event' in fields;
    const judge = async () =>
      meets(fields, {
        card: { ...session.card, attempt: session.card.attempt - lostAttempts },
        last,
        events: readEvents ? await receivedStatuses(ctx, session) : [],
      });
    const isThere = (session.identity.orderId ?? session.identity.cardToken) !== null;
    // For an existing or resumed card, no earlier step of this process may have read the card.
    if (isThere && !session.latest) await session.read();
    const first = await judge();
    if (first.length === 0 || !isThere) return first;
    const end = await poll({
      ...ctx,
      deadline: ctx.stopwatch.after(timeout ?? (readEvents ? EVENTS_MS : 0)),
      read: async (read) => {
        await session.read(read);
        return judge();
      },
      decide: (unmet) => (unmet.length === 0 ? { done: unmet } : 'wait'),
    });
    return end.kind === 'done' ? end.result : (end.seen ?? first);
  },
});

/** Returns the statuses of the card's stored events. */
async function receivedStatuses(ctx: Context, { identity }: CardSession): Promise<string[]> {
  const { cardToken, orderId } = identity;
  const events = await ctx.journal.listEvents({ card: { cardToken, orderId } });
  return events.flatMap(({ status, isTest }) => (status === null || isTest ? [] : status));
}

/** The data to which expectations are compared. */
export interface Seen {
  card: Card | null;
  /** The result of the previous step; null before the first one. */
  last: StepEnd | null;
  /** Statuses of the card's stored events: `PRODUCED`, `CARD_DETAILS_CREATED` … */
  events: readonly string[];
}

/** Returns the unmet expectations. A field without data (no card, no previous step) is null. */
export function meets(expectation: Expectation, seen: Seen): Unmet[] {
  return Object.entries(expectation).flatMap(([field, matcher]) => {
    const unmet = field === 'event' ? eventUnmet(matcher, seen.events) : valueUnmet(field, matcher, seen);
    return unmet ? [{ field, ...unmet }] : [];
  });
}

/** Formats an expectation: `produced`, `at most 30s`. */
function describeMatcher(field: string, matcher: Matcher): string {
  const words = (value: Scalar) => describe(field, value);
  if (!isBounds(matcher)) return oneOf(matcher).map(words).join(' or ') || 'one of nothing';
  const { not, min, max } = matcher;
  return [
    ...(not === undefined ? [] : [`not ${oneOf(not).map(words).join(' or ')}`]),
    ...(min === undefined ? [] : [`at least ${words(min)}`]),
    ...(max === undefined ? [] : [`at most ${words(max)}`]),
  ].join(' and ');
}

type Words = Omit<Unmet, 'field'>;

function valueUnmet(field: string, matcher: Matcher, seen: Seen): Words | null {
  const actual = valueOf(field, seen);
  if (holds(matcher, actual)) return null;
  return { expected: describeMatcher(field, matcher), actual: describe(field, actual) };
}

function eventUnmet(matcher: Matcher, events: readonly string[]): Words | null {
  const isReceived = (wanted: Scalar) => wanted !== null && events.includes(String(wanted));
  const isMet = isBounds(matcher)
    ? matcher.not === undefined || !oneOf(matcher.not).some(isReceived)
    : oneOf(matcher).some(isReceived);
  if (isMet) return null;
  return { expected: describeMatcher('event', matcher), actual: events.join(', ') || 'no event' };
}

function holds(matcher: Matcher, actual: Scalar): boolean {
  if (!isBounds(matcher)) return oneOf(matcher).includes(actual);
  const { not, min, max } = matcher;
  if (not !== undefined && oneOf(not).includes(actual)) return false;
  if (min === undefined && max === undefined) return true;
  return typeof actual === 'number' && actual >= (min ?? -Infinity) && actual <= (max ?? Infinity);
}

function valueOf(field: string, { card, last }: Seen): Scalar {
  switch (field) {
    case 'exitCode':
      return last?.exitCode ?? null;
    case 'error':
      return last?.error?.code ?? null;
    case 'duration':
      return last?.durationMs ?? null;
    case 'errorCode':
      return errorOf({ card, last })?.code ?? null;
    case 'advice':
    case 'owner': {
      const error = errorOf({ card, last });
      if (!error) return null;
      const { retry, actor } = lookUpError(error.kind, error.code);
      return field === 'advice' ? retry : actor;
    }
    default:
      return fieldOf(card, field);
  }
}

/** Returns Wise's error of the previous step, or else of the card's production; null if neither has one. */
function errorOf({ card, last }: Pick<Seen, 'card' | 'last'>): { kind: ErrorKind; code: string } | null {
  const code = last?.error?.details?.errorCode;
  if (code !== undefined)
    return { code, kind: last?.error?.code === 'production-refused' ? 'request' : 'production' };
  const production = card?.production;
  if (!production?.errorCode) return null;
  return {
    code: production.errorCode,
    kind: production.status === 'REQUEST_ERROR' ? 'request' : 'production',
  };
}

/** Returns a field of the card's JSON form by its path, like `production.status`. */
function fieldOf(card: unknown, path: string): Scalar {
  let value: unknown = card;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return null;
    value = Object.entries(value).find(([name]) => name === key)?.[1];
  }
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  return null;
}

type Bounds = Exclude<Matcher, Scalar | readonly Scalar[]>;

function isBounds(matcher: Matcher): matcher is Bounds {
  return typeof matcher === 'object' && matcher !== null && !Array.isArray(matcher);
}

function oneOf(value: Scalar | readonly Scalar[]): readonly Scalar[] {
  return isList(value) ? value : [value];
}

function isList(value: Scalar | readonly Scalar[]): value is readonly Scalar[] {
  return Array.isArray(value);
}

function describe(field: string, value: Scalar): string {
  if (value === null) return 'nothing';
  return field === 'duration' && typeof value === 'number' ? formatDuration(value) : String(value);
}
