import type { ActionName, ActionRecord } from '../../domain/action.ts';
import type { Attempt, Outcome, OwnerProcess } from '../../domain/attempt.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import type { CardEvent, KeptEvent } from '../../domain/event.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import type { FreedPlaces, RunCard, RunRequests } from '../../domain/run.ts';

/** What the journal remembers of a card; what it never learned is null. */
export interface KnownCard {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken | null;
  /** The card's `creationTime`, as the vendor writes it. */
  cardCreatedAt: string | null;
  deliveryOption: string | null;
  /** As it was seen or heard of last. */
  orderStatus?: string | null;
}

/** A card with where it stands, as far as the journal heard of it. */
export interface CardState extends KnownCard {
  orderStatus: string | null;
  production: Production | null;
  /** When the production moved: the vendor's time where it can be read, else when it was heard of. */
  changedAt: number | null;
  /** The latest that was sent, or seen. */
  attempt: Attempt | null;
}

/** Which cards to tell of; all of what is given must hold. */
export interface CardStateFilter {
  /** This card, by its token or its order: either is enough. */
  card?: { cardToken: CardToken | null; orderId: number | null };
  /** Those whose production is, or whose latest attempt was, at one of these. */
  kioskIds?: readonly KioskId[];
  /** Leaves out those whose production or order ended well, or whose order ended otherwise. */
  isUnfinished?: boolean;
}

/** A kiosk that a card is at, was at last, or was sent to. */
export interface KnownKiosk {
  kioskId: KioskId;
  /** null: none that the journal heard of. */
  lastProducedAt: number | null;
}

/** A kiosk to which nothing is sent from this journal. */
export interface Hold {
  kioskId: KioskId;
  reason: string;
  context: string;
  user: string;
  host: string;
  heldAt: number;
}

/** Who works on a card or at a kiosk right now. */
export interface Lease {
  /** `card TOKEN` or `kiosk ID`. */
  subject: string;
  /** What is done with it. */
  action: string;
  owner: OwnerProcess;
  takenAt: number;
}

export interface Claim {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken;
  kioskId: KioskId | null;
  reason: string | null;
  /** Milliseconds since the epoch, here and below. */
  at: number;
}

/** What is recorded right before a request goes out. */
export interface Sending {
  kioskId: KioskId;
  orderId: number | null;
  /** The production as it was read just now. */
  baseline: Production | null;
  correlationId: string;
  at: number;
}

/** An attempt of another system that showed in the vendor's data. */
export interface Observed extends Omit<Claim, 'reason'> {
  outcome: Outcome;
  production: Production;
}

/** What was learned of an attempt. A field that is left out stays as it was. */
export interface AttemptUpdate {
  outcome: Outcome;
  production?: Production | null;
  traceId?: string | null;
  at: number;
}

export interface OrderRequestRecord {
  profileId: number;
  /** The UUID that is sent. */
  idempotencyKey: string;
  fingerprint: string;
  orderId: number | null;
}

/** An act as it begins. */
export interface NewAction
  extends Pick<
    ActionRecord,
    'action' | 'context' | 'profileId' | 'orderId' | 'cardToken' | 'kioskId' | 'reason'
  > {
  /** Which choice of cards it belongs to; null for one that was named. */
  selection?: string | null;
  at: number;
}

/** Which acts to list; all of what is given must hold. */
export interface ActionFilter {
  actions?: readonly ActionName[];
  /** On this card, or on its order: either is enough. */
  card?: { cardToken: CardToken | null; orderId: number | null };
  /** Its own kiosk, or that of its attempt. */
  kioskIds?: readonly KioskId[];
  user?: string;
  host?: string;
  selection?: string;
  /** Leaves out those that ended well. */
  isFailed?: boolean;
  /** When it began: from, and until but not including. */
  since?: number;
  until?: number;
  /** The newest ones, as many as this; they are listed oldest first. */
  limit?: number;
}

export interface ActionEnd {
  exitCode: number;
  at: number;
  orderId?: number | null;
  attemptId?: string | null;
  traceId?: string | null;
}

/** A webhook as it arrived, and what was understood of it. */
export interface Delivery {
  /** `X-Delivery-Id`; null when it had none. */
  deliveryId: string | null;
  /** `X-Signature-SHA256`, with which the body verifies for ever; null for a hint. */
  signature: string | null;
  /** The bytes that were signed. */
  body: Uint8Array;
  isTest: boolean;
  isVerified: boolean;
  receivedAt: number;
  event: CardEvent;
}

/** A kept event with its original bytes and signature. */
export interface KeptDelivery extends KeptEvent {
  body: Uint8Array;
  signature: string | null;
}

/** Which events to list; all of what is given must hold. */
export interface EventFilter {
  /** Of this card, or of its order: either is enough. */
  card?: { cardToken: CardToken | null; orderId: number | null };
  eventType?: string;
  kioskId?: KioskId;
  status?: string;
  /** When it arrived: from, and until but not including. */
  since?: number;
  until?: number;
  /** Those that came after this one. */
  afterId?: number;
  /** Newest first, as many as `limit`; without it, oldest first. */
  newestFirst?: boolean;
  limit?: number;
}

/** A time in which a listener received events into this journal. */
export interface ListenerRecord {
  id: number;
  /** Where it received them. */
  url: string;
  owner: OwnerProcess;
  startedAt: number;
  /** The last sign of life. */
  heartbeatAt: number;
  /** null while it goes on, and for one that was killed. */
  endedAt: number | null;
}

/** A card of a run as it stands, and the requests that were sent since the last one was kept. */
export interface RunCardUpdate {
  /** The run. */
  id: string;
  card: RunCard;
  requests: RunRequests;
}

export interface RunEnd {
  id: string;
  exitCode: ExitCode;
  freed: readonly FreedPlaces[];
  /** Milliseconds since the epoch. */
  at: number;
}
