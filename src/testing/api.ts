/// <reference lib="esnext.disposable" />

/** Options of `startSandbox`. */
export interface SandboxOptions {
  /** The factor by which delays are shorter (default 1). At 50, a new order is READY after 26 ms. */
  speed?: number | undefined;
  /** Seed for reproducible ids, card tokens and digits. The default is random. */
  seed?: number | undefined;
  /** Number of kiosks (default 3): WIS00001, WIS00002 … */
  kiosks?: number | undefined;
  /** Path of the state file, created if missing. By default, the state is in memory only. */
  state?: string | undefined;
  /** Enforces the rate limits of Wise with 429 (default false). */
  rateLimits?: boolean | undefined;
  /** Requires the URL of a new subscription to accept a test notification, as Wise does (default true). */
  callbackCheck?: boolean | undefined;
}

/** A card in the status READY. */
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
    /** Order id with the suffix `L`. */
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
  /** `valid` (default); `wrong`: the signature of another body; `missing`: no signature header. */
  signature?: 'valid' | 'wrong' | 'missing' | undefined;
  /** Number of deliveries, sent one after another with the same `X-Delivery-Id` (default 1). */
  times?: number | undefined;
  /** Value of `X-Delivery-Id` (default: a new UUID). */
  deliveryId?: string | undefined;
  /** Marks the delivery as a test notification (default false). */
  test?: boolean | undefined;
  /** URL of the receiver. Default: every URL of `deliverTo` and every subscription to this event type. */
  url?: string | undefined;
}

/** A request that the sandbox received. */
export interface SandboxRequest {
  id: number;
  /** Time of the sandbox's clock, in ISO 8601. */
  at: string;
  method: string;
  /** Path without the query string. */
  path: string;
  /** HTTP status of the response; 0 if the connection was reset. */
  status: number;
  /** True if the request changed the state of the sandbox. */
  effect: boolean;
  /** Kiosk of a produce request; null for other requests. */
  kioskId: string | null;
}

/** A fault in the response to a request. Set exactly one of `status`, `approval`, `reset`, `cut` and `delayMs`. */
export interface AnswerFault {
  kind: 'answer';
  /** HTTP method to match (default: any). */
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | undefined;
  /** Path to match: a substring (`/production`), or with `*` a pattern for the whole path (default: any). */
  path?: string | undefined;
  /** Number of requests to apply the fault to (default 1). */
  times?: number | undefined;
  /** HTTP status of the response. */
  status?: number | undefined;
  /** Headers of the response. Requires `status`. */
  headers?: Record<string, string> | undefined;
  /** Body of the response. Requires `status`. */
  body?: string | undefined;
  /** Body of the response, in Base64. Requires `status`. */
  bodyBase64?: string | undefined;
  /** Value of the `Retry-After` header, in seconds. Requires `status`. */
  retryAfter?: number | undefined;
  /** True if the request takes effect despite the fault (default false). Requires `status` or `delayMs`. */
  effect?: boolean | undefined;
  /** Responds with 403, as if strong customer authentication were required. */
  approval?: true | undefined;
  /** Resets the connection before or after the request takes effect. */
  reset?: 'before' | 'after' | undefined;
  /** Closes the connection in the middle of the response. */
  cut?: true | undefined;
  /** Delay of the response, in milliseconds of real time. */
  delayMs?: number | undefined;
}

/** A fault that rejects a produce request. */
export interface ProduceFault {
  kind: 'produce';
  /** Kiosk to match (default: any). */
  kioskId?: string | undefined;
  /** Request error code of Wise, like `KIOSK_ID_NOT_FOUND`. */
  errorCode: string;
  /**
   * Delay in milliseconds after which the production starts (default: never). Only for
   * `REQUEST_CREATED_BUT_NOT_STARTED`.
   */
  afterMs?: number | undefined;
  times?: number | undefined;
}

/**
 * The result of the next production at a kiosk. Without this fault, a card stays IN_PROGRESS until its result is
 * simulated.
 */
export interface OutcomeFault {
  kind: 'outcome';
  kioskId: string;
  status: 'PRODUCED' | 'PRODUCTION_ERROR';
  /** Production error code of Wise, like `PRD_HOPPER_DOOR`. Only for PRODUCTION_ERROR. */
  errorCode?: string | undefined;
  /** Duration of the production in milliseconds at speed 1 (default 500). */
  afterMs?: number | undefined;
  times?: number | undefined;
}

export type Fault = AnswerFault | ProduceFault | OutcomeFault;

/** A running sandbox: the kiosk endpoints of the Wise API on a free local port. */
export interface TestingSandbox extends AsyncDisposable {
  /** Base URL of the API, without a trailing slash. */
  readonly url: string;
  /** A bearer token for all profiles. The sandbox accepts any other token as well. */
  readonly token: string;
  /**
   * Profile ids: 1001 (all requirements met), 1002 (VERIFICATION pending), 1003 (PIN not met), 1004 (limit of 10
   * physical cards).
   */
  readonly profiles: readonly number[];
  /** Kiosk ids: `WIS00001`, `WIS00002` … */
  readonly kiosks: readonly string[];
  /** Public key that verifies `X-Signature-SHA256`, in PEM. In-memory sandboxes of the same process share it. */
  readonly publicKey: string;
  /** Orders a card and advances it to READY. @param options profile id (default 1001) */
  readyCard(options?: { profileId?: number | undefined }): ReadyCard;
  /** Delivers all future events to a URL, signed. Retries a delivery until its response is 2xx. */
  deliverTo(url: string): void;
  /**
   * Sends an event immediately, in addition to the regular deliveries.
   * @param event an event from `events()`, another object (sent as JSON), or raw text
   * @returns the HTTP status of each response; 0 without a response
   */
  send(event: SandboxEvent | Record<string, unknown> | string, options?: SendOptions): Promise<number[]>;
  /** Returns all events so far, oldest first. */
  events(): SandboxEvent[];
  /**
   * Advances the sandbox's clock.
   * @param duration `90s`, `2h`, `61d`, or milliseconds
   * @returns the new time of the clock
   */
  advance(duration: string | number): Date;
  addFault(fault: Fault): void;
  /** Returns all requests so far, oldest first. */
  requests(): SandboxRequest[];
  /** Removes all orders, cards, events, requests and faults, and resets the clock. Subscriptions and the key remain. */
  reset(): void;
  /** Stops the sandbox and closes open connections. Called by `await using`. */
  close(): Promise<void>;
}

/** Starts a sandbox on a free local port. */
export declare function startSandbox(options?: SandboxOptions): Promise<TestingSandbox>;
