import { type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import { type Attempt, isOpen } from '../domain/attempt.ts';
import { meaningOf } from '../domain/errors/exit-codes.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../domain/event.ts';
import type { ForOutsiders } from './redact-incident.ts';

/** One thing that happened. Times are UTC; those of the vendor are as it wrote them. What doesn't apply is null. */
export interface IncidentEntry {
  /** By the clock of the machine that kept the journal. */
  at: string;
  type: 'event' | 'attempt' | 'act';
  /** In a few words. */
  what: string;
  profileId: number | null;
  orderId: number | null;
  cardToken: string | null;
  kioskId: string | null;
  by: string | null;
  /** Of an event: what it says; of an attempt and an act: how it ended. */
  outcome: string | null;
  errorCode: string | null;
  exitCode: number | null;
  /** What the exit code means. */
  meaning: string | null;
  reason: string | null;
  attempt: number | null;
  attemptId: string | null;
  correlationId: string | null;
  traceId: string | null;
  eventId: number | null;
  deliveryId: string | null;
  /** Did the vendor sign it? */
  signed: boolean | null;
  occurredAt: string | null;
  sentAt: string | null;
}

const NOTHING = {
  by: null,
  outcome: null,
  errorCode: null,
  exitCode: null,
  meaning: null,
  reason: null,
  attempt: null,
  attemptId: null,
  correlationId: null,
  traceId: null,
  eventId: null,
  deliveryId: null,
  signed: null,
  occurredAt: null,
  sentAt: null,
} as const;

const KINDS = new Map([
  [PRODUCTION_EVENT, 'production'],
  [ORDER_EVENT, 'order'],
]);

/** Bodies and descriptions stay behind: they may say anything about anybody. */
export function entryOfEvent(event: KeptEvent, safe: ForOutsiders): IncidentEntry {
  const outcome = safe.word(event.status);
  const kind = KINDS.get(event.eventType) ?? safe.word(event.eventType) ?? 'event';
  return {
    at: iso(event.receivedAt),
    type: 'event',
    what: `${kind} ${outcome ?? 'without a status'}`,
    ...subjectOf(event, safe),
    ...NOTHING,
    outcome,
    errorCode: safe.word(event.errorCode),
    eventId: event.id,
    deliveryId: safe.word(event.deliveryId),
    signed: event.isVerified,
    occurredAt: safe.time(event.occurredAt),
    sentAt: safe.time(event.sentAt),
  };
}

/** An attempt is told twice: when it was sent, or first seen, and when its end was known. */
export function entriesOfAttempt(attempt: Attempt, safe: ForOutsiders): IncidentEntry[] {
  const { number, origin, outcome, production, closedAt } = attempt;
  const isOurs = origin === 'ours';
  const began = (isOurs ? attempt.sentAt : null) ?? attempt.claimedAt;
  const common = {
    type: 'attempt',
    ...subjectOf(attempt, safe),
    ...NOTHING,
    by: isOurs ? safe.operator(attempt.owner) : 'another system',
    attempt: number,
    attemptId: attempt.id,
    correlationId: safe.word(attempt.correlationId),
    traceId: safe.word(attempt.traceId),
  } as const;
  const first = { at: iso(began), what: `attempt ${number} ${isOurs ? 'sent' : 'seen'}`, ...common };
  if (closedAt === null || isOpen(attempt)) return [{ ...first, outcome }];
  const ended = {
    at: iso(closedAt),
    what: `attempt ${number} ${outcome}`,
    ...common,
    outcome,
    errorCode: safe.word(production?.errorCode ?? null),
    occurredAt: safe.time(production?.occurredAt ?? null),
  };
  return [first, ended];
}

export function entryOfAction(act: ActionRecord, safe: ForOutsiders): IncidentEntry {
  const outcome = outcomeOfAction(act);
  return {
    at: iso(act.startedAt),
    type: 'act',
    what: `${act.action}: ${outcome}`,
    ...subjectOf(act, safe),
    ...NOTHING,
    by: safe.operator(act),
    outcome,
    exitCode: act.exitCode,
    meaning: meaningOf(act.exitCode),
    reason: safe.reason(act.reason),
    attemptId: act.attemptId,
    correlationId: safe.word(act.correlationId),
    traceId: safe.word(act.traceId),
  };
}

interface Subject {
  profileId: number | null;
  orderId: number | null;
  cardToken: string | null;
  kioskId: string | null;
}

function subjectOf({ profileId, orderId, cardToken, kioskId }: Subject, safe: ForOutsiders): Subject {
  // Profile 0 stands for none.
  return {
    profileId: profileId || null,
    orderId,
    cardToken: safe.word(cardToken),
    kioskId: safe.word(kioskId),
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
