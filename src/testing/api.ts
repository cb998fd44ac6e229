/// <reference lib="esnext.disposable" />

/** Options of `startSandbox`. */
export interface SandboxOptions {
  /** The factor by which delays are shorter (default 1). At 50, a new order is READY after 26 ms. */
  speed?: number | undefined;
  /** Makes ids, card tokens and digits reproducible. */
  seed?: number | undefined;
  /** The number of kiosks (default 3): WIS00001, WIS00002 … */
  kiosks?: number | undefined;
  /** Path of a state file, which is created if it is missing. The default is a state in memory. */
  state?: string | undefined;
  /** True to answer 429 above the rate limits of Wise. */
  rateLimits?: boolean | undefined;
  /** False to accept a subscription without a test notification to its URL first (default true). */
  callbackCheck?: boolean | undefined;
}

/** A card that may be produced. */
export interface ReadyCard {
  profileId: number;
  orderId: number;
  cardToken: string;
}

interface EventEnvelope {
  subscription_id: string;
  schema_version: string;
  sent_at: string;
}

/** An event about an order, as Wise sends it. */
export interface OrderEvent extends EventEnvelope {
  event_type: 'cards#card-order-status-change';
  data: {
    resource: {
      type: 'card';
      profile_id: string;
      client_id: string;
      /** null until the order has a card. */
      card_token: string | null;
      card_program: string;
    };
    /** Ends with `L`. */
    order_id: string;
    order_status: string;
    delivery_vendor: string | null;
    occurred_at: string;
  };
}

/** An event about the production of a card, as Wise sends it. */
export interface ProductionEvent extends EventEnvelope {
  event_type: 'cards#card-production-status-change';
  data: {
    resource: { type: 'card'; profile_id: string; client_id: string; card_token: string };
    status: 'READY' | 'IN_PROGRESS' | 'PRODUCED' | 'PRODUCTION_ERROR';
    kiosk_id: string | null;
    error_code: string | null;
    description: string | null;
    occurred_at: string;
  };
}

/** The body of a webhook. */
export type SandboxEvent = OrderEvent | ProductionEvent;

/** Options of `send`. */
export interface SendOptions {
  /** `valid` (default), `wrong`: it does not match the body, or `missing`. */
  signature?: 'valid' | 'wrong' | 'missing' | undefined;
  /** The number of deliveries, one after the other, with the same `X-Delivery-Id` (default 1). */
  times?: number | undefined;
  /** `X-Delivery-Id`. The default is a new UUID. */
  deliveryId?: string | undefined;
  /** True to mark it as a test notification. */
  test?: boolean | undefined;
  /** The receiver. The default is every URL of `deliverTo` and every subscription to the type of the event. */
  url?: string | undefined;
}

/** A request that the sandbox received. */
export interface SandboxRequest {
  id: number;
  /** The time of the sandbox's clock, in ISO 8601. */
  at: string;
  method: string;
  /** Without the query. */
  path: string;
  /** The status of the answer; 0 if the connection was reset. */
  status: number;
  /** True if it changed something. */
  effect: boolean;
  /** The kiosk of a produce request, otherwise null. */
  kioskId: string | null;
}

/** A fault in the answer to a request. Exactly one of `status`, `approval`, `reset`, `cut` and `delayMs` is set. */
export interface AnswerFault {
  kind: 'answer';
  /** The default is any method. */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined;
  /** A part of the path (`/production`), or a pattern with `*` for the whole path. The default is any path. */
  path?: string | undefined;
  /** The number of requests (default 1). */
  times?: number | undefined;
  /** The HTTP status of the answer. */
  status?: number | undefined;
  /** With `status`: headers of the answer. */
  headers?: Record<string, string> | undefined;
  /** With `status`: the body of the answer. */
  body?: string | undefined;
  /** With `status`: the body of the answer, in Base64. */
  bodyBase64?: string | undefined;
  /** With `status`: seconds, for the `Retry-After` header. */
  retryAfter?: number | undefined;
  /** With `status` or `delayMs`: true to carry the request out all the same. */
  effect?: boolean | undefined;
  /** Answers 403 as for strong customer authentication. */
  approval?: true | undefined;
  /** Resets the connection before the request is carried out, or after it. */
  reset?: 'before' | 'after' | undefined;
  /** Ends the answer in the middle. */
  cut?: true | undefined;
  /** Delays the answer, in milliseconds of real time. */
  delayMs?: number | undefined;
}

/** A refusal of a produce request. */
export interface ProduceFault {
  kind: 'produce';
  /** The default is any kiosk. */
  kioskId?: string | undefined;
  /** A request error code of Wise, like `KIOSK_ID_NOT_FOUND`. */
  errorCode: string;
  /** Only for `REQUEST_CREATED_BUT_NOT_STARTED`: the production begins after this time. The default is never. */
  afterMs?: number | undefined;
  times?: number | undefined;
}

/** The result of the next card at a kiosk. Without it, a card stays in progress until its result is simulated. */
export interface OutcomeFault {
  kind: 'outcome';
  kioskId: string;
  status: 'PRODUCED' | 'PRODUCTION_ERROR';
  /** With PRODUCTION_ERROR: a production error code of Wise, like `PRD_HOPPER_DOOR`. */
  errorCode?: string | undefined;
  /** The duration of the production at speed 1 (default 500). */
  afterMs?: number | undefined;
  times?: number | undefined;
}

export type Fault = AnswerFault | ProduceFault | OutcomeFault;

/** A running sandbox: the kiosk API of Wise on a free port of this machine. */
export interface TestingSandbox extends AsyncDisposable {
  /** The base URL of the API, without a slash at its end. */
  readonly url: string;
  /** A bearer token for all profiles. The sandbox accepts any other token, too. */
  readonly token: string;
  /** 1001 (everything met), 1002 (VERIFICATION pending), 1003 (PIN not met), 1004 (at most 10 physical cards). */
  readonly profiles: readonly number[];
  /** Ids of the kiosks. */
  readonly kiosks: readonly string[];
  /** The key that verifies `X-Signature-SHA256`, in PEM. All sandboxes in memory of a process have the same one. */
  readonly publicKey: string;
  /** Orders a card and makes it READY immediately. @param options the profile (default 1001) */
  readyCard(options?: { profileId?: number | undefined }): ReadyCard;
  /** Delivers all later events to a URL, signed, and repeats a delivery that is not answered 2xx. */
  deliverTo(url: string): void;
  /**
   * Sends an event now, besides the regular deliveries.
   * @param event one of `events()`, one of your own, or any text as it is
   * @returns the HTTP statuses of the answers, 0 for none
   */
  send(event: SandboxEvent | Record<string, unknown> | string, options?: SendOptions): Promise<number[]>;
  /** Returns the events so far, oldest first. */
  events(): SandboxEvent[];
  /** Advances the sandbox's clock. @param duration `90s`, `2h`, `61d`, or milliseconds @returns its new time */
  advance(duration: string | number): Date;
  addFault(fault: Fault): void;
  /** Returns the requests so far, oldest first. */
  requests(): SandboxRequest[];
  /** Removes orders, cards, events, requests and faults, and resets the clock. Receivers and the key stay. */
  reset(): void;
  /** Cuts open connections. `await using` calls it. */
  close(): Promise<void>;
}

/** Starts a sandbox. */
export declare function startSandbox(options?: SandboxOptions): Promise<TestingSandbox>;
