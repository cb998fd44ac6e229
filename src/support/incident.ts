import { type Coverage, type CoverageDocument, toCoverageDocument } from '../context/coverage.ts';
import type { ActionRecord } from '../domain/action.ts';
import type { Attempt, Outcome } from '../domain/attempt.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { Actor, ErrorKind } from '../domain/errors/vendor-errors.ts';
import type { KeptEvent } from '../domain/event.ts';
import { type Reference } from '../domain/ids.ts';
import type { Production } from '../domain/production.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import { entriesOfAttempt, entryOfAction, entryOfEvent, type IncidentEntry } from './incident-entries.ts';
import { IncidentRedactor, type Privacy } from './redact-incident.ts';

/** Version and settings of kioskctl, for the bundle. */
export interface IncidentSetup {
  kioskctl: string;
  node: string;
  apiVersion: string;
  journalSchema: number;
  context: string;
  environment: string;
  /** Host and port of the API; null for the embedded sandbox. */
  apiHost: string | null;
  /** Milliseconds; null for no timeout. */
  timeoutMs: number | null;
  intervalMs: number;
  settleWindowMs: number;
}

/** A card in an incident: its data in the time range, and all its attempts. */
export interface CardStory extends Reference {
  orderStatus: string | null;
  production: Production | null;
  attempts: readonly Attempt[];
  events: readonly KeptEvent[];
}

export interface IncidentFacts {
  /** Kiosk of the incident; null for an incident of named cards. */
  kioskId: string | null;
  /** Start of the time range, in milliseconds since the epoch; null for no limit. */
  since: number | null;
  /** End of the time range (exclusive), in milliseconds since the epoch. */
  until: number;
  setup: IncidentSetup;
  coverage: Coverage;
  /** Clock difference in milliseconds; positive if Wise's clock is ahead. */
  clockOffset: number;
  cards: readonly CardStory[];
  acts: readonly ActionRecord[];
}

export interface IncidentCard {
  profileId: number | null;
  orderId: number | null;
  cardToken: string | null;
  orderStatus: string | null;
  production: { [Field in 'status' | 'kioskId' | 'occurredAt' | 'errorCode']: string | null } | null;
  attempts: { attempt: number; attemptId: string; kioskId: string | null; outcome: Outcome }[];
}

/** An error code of the incident, with its catalogue entry. */
interface IncidentError {
  kind: ErrorKind;
  code: string;
  documented: boolean;
  meaning: string;
  actor: Actor;
  nextStep: string;
}

/** An incident bundle, which readers outside the team may see: no secrets, no data of cardholders. */
export interface Incident {
  kioskId: string | null;
  since: string | null;
  until: string;
  setup: IncidentSetup;
  coverage: CoverageDocument;
  clockOffsetMs: number;
  cards: IncidentCard[];
  errors: IncidentError[];
  /** Oldest first. */
  timeline: IncidentEntry[];
  /** Explanations, and what the bundle omits. */
  notes: string[];
}

export function makeIncident(facts: IncidentFacts, privacy: Privacy): Incident {
  const safe = new IncidentRedactor(peopleOf(facts), privacy);
  const { since, until, setup, cards } = facts;
  return {
    kioskId: safe.word(facts.kioskId),
    since: utcTime(since),
    until: utcTime(until),
    setup,
    coverage: toCoverageDocument(facts.coverage),
    clockOffsetMs: facts.clockOffset,
    cards: cards.map((card) => toIncidentCard(card, safe)),
    errors: errorsOf(cards, safe),
    timeline: timelineOf(facts, safe),
    notes: notesOn(privacy),
  };
}

/** Lists all operators by the time of their first action. */
function peopleOf({ acts, cards }: IncidentFacts) {
  const ours = cards.flatMap(({ attempts }) => attempts).filter(({ origin }) => origin === 'ours');
  return [
    ...acts.map(({ startedAt, user, host }) => ({ at: startedAt, user, host })),
    ...ours.map(({ claimedAt, owner: { user, host } }) => ({ at: claimedAt, user, host })),
  ].toSorted((left, right) => left.at - right.at);
}

/** Sort order of entries with equal times: an action precedes its effects. */
const ORDER = { act: 0, attempt: 1, event: 2 } as const;

function timelineOf({ acts, cards, since, until }: IncidentFacts, safe: IncidentRedactor): IncidentEntry[] {
  const [from, to] = [utcTime(since ?? 0), utcTime(until)];
  return [
    ...acts.map((action) => entryOfAction(action, safe)),
    ...cards.flatMap(({ attempts }) => attempts.flatMap((attempt) => entriesOfAttempt(attempt, safe))),
    ...cards.flatMap(({ events }) => events.map((event) => entryOfEvent(event, safe))),
  ]
    .filter(({ at }) => from <= at && at < to)
    .toSorted((left, right) =>
      left.at === right.at ? ORDER[left.type] - ORDER[right.type] : left.at < right.at ? -1 : 1,
    );
}

function toIncidentCard(card: CardStory, safe: IncidentRedactor): IncidentCard {
  const { profileId, orderId, cardToken, orderStatus, production, attempts } = card;
  return {
    profileId,
    orderId,
    cardToken: safe.word(cardToken),
    orderStatus: safe.word(orderStatus),
    production: production && {
      status: safe.word(production.status) ?? '',
      kioskId: safe.word(production.kioskId),
      occurredAt: safe.time(production.occurredAt),
      errorCode: safe.word(production.errorCode),
    },
    attempts: attempts.map(({ number, id, kioskId, outcome }) => ({
      attempt: number,
      attemptId: id,
      kioskId: safe.word(kioskId),
      outcome,
    })),
  };
}

function errorsOf(cards: readonly CardStory[], safe: IncidentRedactor): IncidentError[] {
  const said = cards.flatMap(({ production, attempts, events }) => [
    production,
    ...attempts.map((attempt) => attempt.production),
    ...events,
  ]);
  const errors = new Map<string, IncidentError>();
  for (const one of said) {
    if (one?.status !== 'PRODUCTION_ERROR' && one?.status !== 'REQUEST_ERROR') continue;
    const kind = one.status === 'REQUEST_ERROR' ? 'request' : 'production';
    const { code, documented, meaning, actor, nextStep } = lookUpError(kind, safe.word(one.errorCode));
    errors.set(`${kind} ${code}`, { kind, code, documented, meaning, actor, nextStep });
  }
  return [...errors.values()];
}

function notesOn({ hasNames, hasReasons }: Privacy): string[] {
  return [
    'Times are UTC, by the clock of the machine of the journal; “occurred” and “sent” are Wise’s own.',
    'Events are listed at the time of their arrival here. Events sent while no listener ran are missing.',
    'Left out: bodies, descriptions and signatures of events, access tokens, everything about cardholders.',
    hasNames
      ? 'Operators are named: this bundle is for their own team.'
      : 'Operators are numbered, in the order in which they acted.',
    hasReasons
      ? 'Reasons are what operators wrote, without what looks like a secret, an address or a number of a person: read them before you share this.'
      : 'The reasons of actions are left out.',
  ];
}
