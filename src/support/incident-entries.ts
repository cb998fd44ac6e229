import { type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import { type Attempt, isOpen } from '../domain/attempt.ts';
import { meaningOf } from '../domain/errors/exit-codes.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../domain/event.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { IncidentRedactor } from './redact-incident.ts';

/** The optional fields of a timeline entry. Times are ISO 8601 in UTC; times of Wise are unchanged. */
const EMPTY = {
  by: null as string | null,
  /** Status of an event, or outcome of an attempt or action. */
  outcome: null as string | null,
  errorCode: null as string | null,
  exitCode: null as number | null,
  /** Meaning of the exit code. */
  meaning: null as string | null,
  reason: null as string | null,
  attempt: null as number | null,
  attemptId: null as string | null,
  correlationId: null as string | null,
  traceId: null as string | null,
  eventId: null as number | null,
  deliveryId: null as string | null,
  /** True if the event's signature was verified. */
  signed: null as boolean | null,
  occurredAt: null as string | null,
  sentAt: null as string | null,
};

interface Subject {
  profileId: number | null;
  orderId: number | null;
  cardToken: string | null;
  kioskId: string | null;
}

/** An entry of the timeline. */
export interface IncidentEntry extends Subject, Readonly<typeof EMPTY> {
  /** Time by the clock of the journal's machine. */
  at: string;
  type: 'event' | 'attempt' | 'act';
  /** Short description. */
  what: string;
}

const KINDS = new Map([
  [PRODUCTION_EVENT, 'production'],
  [ORDER_EVENT, 'order'],
]);

/** Creates the entry of an event, without body and description, which may contain personal data. */
export function entryOfEvent(event: KeptEvent, safe: IncidentRedactor): IncidentEntry {
  const outcome = safe.word(event.status);
  const kind = KINDS.get(event.eventType) ?? safe.word(event.eventType) ?? 'event';
  return {
    at: utcTime(event.receivedAt),
    type: 'event',
    what: `${kind} ${outcome ?? 'without a status'}`,
    ...subjectOf(event, safe),
    ...EMPTY,
    outcome,
    errorCode: safe.word(event.errorCode),
    eventId: event.id,
    deliveryId: safe.word(event.deliveryId),
    signed: event.isVerified,
    occurredAt: safe.time(event.occurredAt),
    sentAt: safe.time(event.sentAt),
  };
}

/** Creates the entries of an attempt: one for its sending (or first observation), and one for its end. */
export function entriesOfAttempt(attempt: Attempt, safe: IncidentRedactor): IncidentEntry[] {
  const { number, origin, outcome, production, closedAt } = attempt;
  const isOurs = origin === 'ours';
  const began = (isOurs ? attempt.sentAt : null) ?? attempt.claimedAt;
  const common = {
    type: 'attempt',
    ...subjectOf(attempt, safe),
    ...EMPTY,
    by: isOurs ? safe.operator(attempt.owner) : 'another system',
    attempt: number,
    attemptId: attempt.id,
    correlationId: safe.word(attempt.correlationId),
    traceId: safe.word(attempt.traceId),
  } as const;
  const first = { at: utcTime(began), what: `attempt ${number} ${isOurs ? 'sent' : 'seen'}`, ...common };
  if (closedAt === null || isOpen(attempt)) return [{ ...first, outcome }];
  const ended = {
    at: utcTime(closedAt),
    what: `attempt ${number} ${outcome}`,
    ...common,
    outcome,
    errorCode: safe.word(production?.errorCode ?? null),
    occurredAt: safe.time(production?.occurredAt ?? null),
  };
  return [first, ended];
}

export function entryOfAction(action: ActionRecord, safe: IncidentRedactor): IncidentEntry {
  const outcome = outcomeOfAction(action);
  return {
    at: utcTime(action.startedAt),
    type: 'act',
    what: `${action.action}: ${outcome}`,
    ...subjectOf(action, safe),
    ...EMPTY,
    by: safe.operator(action),
    outcome,
    exitCode: action.exitCode,
    meaning: meaningOf(action.exitCode),
    reason: safe.reason(action.reason),
    attemptId: action.attemptId,
    correlationId: safe.word(action.correlationId),
    traceId: safe.word(action.traceId),
  };
}

function subjectOf({ profileId, orderId, cardToken, kioskId }: Subject, safe: IncidentRedactor): Subject {
  // Profile 0 means no profile.
  return {
    profileId: profileId || null,
    orderId,
    cardToken: safe.word(cardToken),
    kioskId: safe.word(kioskId),
  };
}
