import type { Socket } from 'node:net';

/** What a connection is doing: nothing (or it is still sending the head of a request), sending a body, being answered. */
type Doing = 'idle' | 'receiving' | 'answering';

/**
 * The open connections of a server, of which there are never more than a number: a new one takes the place of the one
 * that has been without an answer for longest, idle or sending. So slow senders never keep others out.
 */
export class Connections {
  readonly #limit: number;
  /** In the order in which they were opened, or last answered. */
  readonly #doing = new Map<Socket, Doing>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    if (this.#doing.size >= this.#limit) {
      const victim = this.#slowest() ?? socket;
      victim.destroy();
      this.#doing.delete(victim);
      if (victim === socket) return;
    }
    this.#doing.set(socket, 'idle');
    socket.once('close', () => this.#doing.delete(socket));
  }

  /** Says what a connection does now: `idle` once it was answered. One that was closed meanwhile is not there any more. */
  now(socket: Socket, doing: Doing): void {
    if (!this.#doing.has(socket)) return;
    if (doing === 'idle') this.#doing.delete(socket);
    this.#doing.set(socket, doing);
  }

  /** Cuts all connections that do this. */
  cut(doing: Doing): void {
    for (const [socket, its] of this.#doing) if (its === doing) socket.destroy();
  }

  #slowest(): Socket | undefined {
    for (const [socket, doing] of this.#doing) if (doing !== 'answering') return socket;
    return undefined;
  }
}

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
