import type { NoticesJournal } from './servers/notices.ts';
import type { OutboxJournal } from './servers/outbox.ts';
import type { PlansJournal } from './servers/plans.ts';
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
export type * from './servers/notices.ts';
export type * from './servers/outbox.ts';
export type * from './servers/plan-cards.ts';
export type * from './servers/plans.ts';
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
export type { JournalIdentity, JournalState } from './tables/state.ts';

export interface WholeJournal {
  /**
   * Deletes this environment's cards with their attempts, orders, events and runs; the audit log remains. Only for
   * `local`, whose cards exist only in the sandbox's state.
   */
  forget(): Promise<void>;
  /**
   * Checks synchronously that the journal was not replaced by another file. Called immediately before an effect that
   * depends on the journal. Each commit includes this check.
   * @throws Failure `journal-replaced`
   */
  assertCurrent(): void;
  /**
   * Runs work for which the journal's server must answer by the caller's deadline, or soon after it.
   * @param left returns the remaining milliseconds; negative after the deadline
   */
  within<Result>(left: () => number, work: () => Promise<Result>): Promise<Result>;
  /** Completes pending writes and closes the journal. */
  close(): Promise<void>;
}

/** The methods of a journal, grouped by table. Each group is declared in the module of its table. */
export interface JournalGroups {
  cards: CardsJournal;
  cardLists: CardListsJournal;
  cardNames: CardNamesJournal;
  clock: ClockJournal;
  attempts: AttemptsJournal;
  orderRequests: OrderRequestsJournal;
  actions: ActionsJournal;
  events: EventsJournal;
  outbox: OutboxJournal;
  notices: NoticesJournal;
  listeners: ListenersJournal;
  kiosks: KiosksJournal;
  holds: HoldsJournal;
  leases: LeasesJournal;
  runs: RunsJournal;
  plans: PlansJournal;
  restores: RestoresJournal;
  whole: WholeJournal;
}

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? All
  : never;

/**
 * The durable record of one environment: known cards, attempts, idempotency keys of orders, webhook events, and the
 * audit log. Every method can throw Failure `journal-unusable` or `journal-replaced`. When a method returns, its writes
 * are on the disk.
 */
export type Journal = Intersection<JournalGroups[keyof JournalGroups]>;
