/** What a receiver bears with. Times are milliseconds. */
export interface ReceiverLimits {
  /** How many connections at once. */
  connections: number;
  /** How long the head of a request may take to arrive, and all of it. */
  head: number;
  request: number;
  /** The vendor waits for 5 seconds; an answer takes some of them to travel. */
  answer: number;
  /** How long a refused sender may go on sending. */
  linger: number;
  /** How long an accepted one may, once the receiver stops. */
  grace: number;
}

export const DEFAULT_LIMITS: ReceiverLimits = {
  connections: 256,
  head: 5_000,
  request: 10_000,
  answer: 4_000,
  linger: 1_000,
  grace: 2_000,
};

/** A gateway keeps its connections for a minute, as a rule: closing them first would cut a request off now and then. */
const KEEP_ALIVE_MS = 75_000;

const HEAD_LIMIT_BYTES = 16 * 1024;

/** The same for Node's server. */
export function httpLimits({ head, request }: ReceiverLimits) {
  return {
    headersTimeout: head,
    requestTimeout: request,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: head / 10,
    maxHeaderSize: HEAD_LIMIT_BYTES,
  };
}
