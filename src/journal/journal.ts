import type { ActionRecord } from '../domain/action.ts';
import type { Attempt } from '../domain/attempt.ts';
import type { KeptEvent } from '../domain/event.ts';
import type { CardToken, KioskId } from '../domain/ids.ts';
import type { Production } from '../domain/production.ts';
import type { NewRun, RunCard, RunRecord } from '../domain/run.ts';
import type {
  ActionEnd,
  ActionFilter,
  AttemptUpdate,
  CardState,
  CardStateFilter,
  Claim,
  Delivery,
  EventFilter,
  Hold,
  KeptDelivery,
  KnownCard,
  KnownKiosk,
  Lease,
  ListenerRecord,
  NewAction,
  Observed,
  OrderRequestRecord,
  RunCardUpdate,
  RunEnd,
  Sending,
} from './tables/records.ts';

export type { ActionRecord } from '../domain/action.ts';
export type * from './tables/records.ts';

/**
 * The durable record of one environment: the cards that kioskctl met, every attempt to produce one, the idempotency
 * keys of orders, the events of webhooks, and who did what.
 * Every method may throw Failure `journal-unusable`; what was written when it returns is on the disk.
 */
export interface Journal {
  rememberCard(card: KnownCard, at: number): Promise<void>;
  findCard(reference: { cardToken: CardToken | null; orderId: number | null }): Promise<KnownCard | null>;
  /** When the order of a card was seen, or heard of, last; null for never. Half a minute may be missing. */
  orderSeenAt(cardToken: CardToken): Promise<number | null>;
  /** Newest first. */
  listCards(): Promise<KnownCard[]>;
  /** Those that something was heard of since a time, or that are being produced; of events, also others. Newest first. */
  listRecentCards(since: number): Promise<KnownCard[]>;
  /** What the API or an event said of a card's production, for later. */
  rememberProduction(cardToken: CardToken, production: Production | null, at: number): Promise<void>;
  /** Cards with where they stand; first takes in what events said since the last time. In no order. */
  listCardStates(filter: CardStateFilter): Promise<CardState[]>;
  /** In no order; first takes in what events said since the last time. */
  listKiosks(): Promise<KnownKiosk[]>;
  /**
   * Takes in some of what events said of cards since the last time, so that the next list has less to do.
   * @returns whether that was all; else there is more to take in
   */
  projectEvents(): Promise<boolean>;
  /** How far the API's clock is ahead of ours, in milliseconds, as it was seen last. */
  clockOffset(): Promise<number>;
  rememberClockOffset(milliseconds: number): Promise<void>;

  /**
   * Takes leases on cards and kiosks, or none of them. They are renewed until they are released, as often as they were
   * taken; those of a process that died, or stood still for 10 seconds, are free.
   * @param subjects `card TOKEN` or `kiosk ID`
   * @returns those that another process holds
   */
  takeLeases(subjects: readonly string[], action: string): Promise<Lease[]>;
  releaseLeases(subjects: readonly string[]): Promise<void>;
  /** All that other processes hold right now. */
  listLeases(): Promise<Lease[]>;
  /** Are these still ours? A process that stood still may have lost them. */
  holdsLeases(subjects: readonly string[]): Promise<boolean>;

  listHolds(): Promise<Hold[]>;
  /** @returns the hold, and whether it began now; else it is the one that was there before */
  holdKiosk(hold: {
    kioskId: KioskId;
    reason: string;
    context: string;
    at: number;
  }): Promise<{ hold: Hold; held: boolean }>;
  /** Ends this very hold, and none that was set since. @returns it; null when it ended before */
  releaseKiosk(hold: Hold, at: number): Promise<Hold | null>;
  /** Cards that a kiosk was heard of with, or that were sent to it: from a time, and until but not including. */
  listCardsAt(kioskId: KioskId, time: { since: number; until: number }): Promise<CardToken[]>;
  /** How long productions at a kiosk took, from the request to its result, newest first; milliseconds. */
  listDurations(kioskId: KioskId, limit: number): Promise<number[]>;

  /** The latest that was sent, or seen; a claim is none yet. */
  latestAttempt(cardToken: CardToken): Promise<Attempt | null>;
  /** Oldest first, without claims. */
  listAttempts(cardToken: CardToken): Promise<Attempt[]>;
  /**
   * Takes the right to send the next attempt on a card. Where another attempt is open, that one is returned instead;
   * a claim whose process died before it sent anything is free again.
   */
  claim(claim: Claim): Promise<{ attempt: Attempt; claimed: boolean }>;
  /** Gives a claim back that sent nothing, as if it had never been. */
  release(attempt: Attempt): Promise<void>;
  /**
   * Records that the request goes out now.
   * @returns null when the claim was lost meanwhile, or the kiosk is on hold: then nothing may be sent
   */
  markSent(attempt: Attempt, sent: Sending): Promise<Attempt | null>;
  /** Records what became of an attempt; one that is closed already stays as it is. @returns the attempt as it is now */
  update(attempt: Attempt, update: AttemptUpdate): Promise<Attempt>;
  /**
   * Records an attempt of another system. One in progress takes the place of a claim; one that ended is numbered before.
   * @returns the new attempt, or the open one that another process recorded first
   */
  recordObserved(observed: Observed): Promise<Attempt>;
  /** Is the process that holds an attempt still there? True also where it can't be told, for another machine's. */
  isHeld(attempt: Attempt): Promise<boolean>;

  findOrderRequest(profileId: number, idempotencyKey: string): Promise<OrderRequestRecord | null>;
  recordOrderRequest(request: OrderRequestRecord, at: number): Promise<void>;

  /**
   * Keeps an event. Those that are given in the same turn of the event loop share one transaction.
   * @returns null for one that is kept already: the same delivery, or the same content
   */
  keepEvent(delivery: Delivery): Promise<KeptEvent | null>;
  listEvents(filter: EventFilter): Promise<KeptEvent[]>;
  /**
   * May a card have events after one? For those who ask often: the cost is the same for one card and for many. It may miss
   * what arrived in the last few milliseconds, which the next question finds.
   * @param after the number of an event up to which those of the card are known
   * @returns `isQuiet` when there are none up to `upTo`; else `listEvents` tells
   */
  newsOf(
    card: { cardToken: CardToken | null; orderId: number | null },
    after: number,
  ): Promise<{ upTo: number; isQuiet: boolean }>;
  findDelivery(id: number): Promise<KeptDelivery | null>;
  /** The card of an order, as far as cards and signed events tell. */
  findCardToken(orderId: number): Promise<CardToken | null>;
  /** The number of the latest event; 0 while there is none. */
  latestEventId(): Promise<number>;
  /** Forgets events that arrived before a time. @returns how many */
  pruneEvents(before: number): Promise<number>;

  startListener(url: string, at: number): Promise<number>;
  heartbeat(listener: number, at: number): Promise<void>;
  endListener(listener: number, at: number): Promise<void>;
  /** Those that were still there at a time or later, oldest first. */
  listListeners(since: number): Promise<ListenerRecord[]>;
  /** Does a listener write to this journal right now? */
  isListenedTo(): Promise<boolean>;
  /** Since when a listener that does has been there, in milliseconds since the epoch; null where there is none. */
  listenedToSince(): Promise<number | null>;

  startAction(action: NewAction): Promise<number>;
  endAction(id: number, end: ActionEnd): Promise<void>;
  /** Oldest first. */
  listActions(filter: ActionFilter): Promise<ActionRecord[]>;

  /** @returns it with who began it: this process */
  startRun(run: NewRun): Promise<RunRecord>;
  /** Begins another session of a run: it isn't over any more. */
  reopenRun(id: string): Promise<void>;
  endRun(end: RunEnd): Promise<void>;
  findRun(id: string): Promise<RunRecord | null>;
  /** Newest first. */
  listRuns(limit: number): Promise<RunRecord[]>;
  /** Keeps a card of a run as it stands. Those that are given in the same turn of the event loop share one transaction. */
  saveRunCard(update: RunCardUpdate): Promise<void>;
  findRunCard(id: string, number: number): Promise<RunCard | null>;
  /** A page of a run's cards in the order of their numbers: those after one. */
  listRunCards(id: string, page: { after: number; limit: number }): Promise<RunCard[]>;

  /** Forgets the cards of this environment, their attempts, orders, events and runs; acts stay. Only for `local`, whose cards end with the sandbox's state. */
  forget(): Promise<void>;
  close(): void;
}
