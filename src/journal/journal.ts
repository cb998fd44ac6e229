import type { ActionsJournal } from './tables/actions.ts';
import type { AttemptsJournal } from './tables/attempts.ts';
import type { CardListsJournal, CardNamesJournal } from './tables/card-states.ts';
import type { CardsJournal } from './tables/cards.ts';
import type { EventsJournal } from './tables/events.ts';
import type { HoldsJournal, KiosksJournal } from './tables/kiosks.ts';
import type { LeasesJournal } from './tables/leases.ts';
import type { ListenersJournal } from './tables/listeners.ts';
import type { OrderRequestsJournal } from './tables/order-requests.ts';
import type { RunsJournal } from './tables/runs.ts';
import type { ClockJournal, RestoresJournal } from './tables/state.ts';

export type { ActionRecord } from '../domain/action.ts';
export type * from './tables/actions.ts';
export type * from './tables/attempts.ts';
export type * from './tables/card-states.ts';
export type * from './tables/cards.ts';
export type { EventCursor } from './tables/event-cursor.ts';
export type * from './tables/event-rows.ts';
export type * from './tables/events.ts';
export type * from './tables/kiosks.ts';
export type * from './tables/leases.ts';
export type * from './tables/listeners.ts';
export type * from './tables/order-requests.ts';
export type * from './tables/runs.ts';
export type { JournalIdentity, JournalState, RestoreMark } from './tables/state.ts';

export interface WholeJournal {
  /**
   * Deletes the cards of this environment, their attempts, orders, events and runs; actions stay. Only for `local`, whose
   * cards end with the sandbox's state.
   */
  forget(): Promise<void>;
  /**
   * Checks, synchronously, that no other file took the place of the journal: right before an effect that its record must
   * precede. Each commit is checked as well.
   * @throws Failure `journal-replaced`
   */
  assertCurrent(): void;
  /** Writes what waits, and closes the journal. */
  close(): Promise<void>;
}

/** The methods of a journal by what they are about; a method is declared in the module of its table. */
export interface JournalGroups {
  cards: CardsJournal;
  cardLists: CardListsJournal;
  cardNames: CardNamesJournal;
  clock: ClockJournal;
  attempts: AttemptsJournal;
  orderRequests: OrderRequestsJournal;
  actions: ActionsJournal;
  events: EventsJournal;
  listeners: ListenersJournal;
  kiosks: KiosksJournal;
  holds: HoldsJournal;
  leases: LeasesJournal;
  runs: RunsJournal;
  restores: RestoresJournal;
  whole: WholeJournal;
}

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/**
 * The durable record of one environment: the cards that kioskctl met, every attempt to produce one, the idempotency
 * keys of orders, the events of webhooks, and the audit trail.
 * Every method may throw Failure `journal-unusable` or `journal-replaced`; what was written when it returns is on the disk.
 */
export type Journal = Intersection<JournalGroups[keyof JournalGroups]>;
