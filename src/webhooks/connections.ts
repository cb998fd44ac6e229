import type { Socket } from 'node:net';

/** State of a connection. It is `idle` before a request, until the headers are complete. */
type Phase = 'idle' | 'receiving' | 'answering';

/**
 * The open connections of a server, up to a limit. At the limit, a new connection replaces the least recently answered
 * one, so that slow clients can't block others.
 */
export class Connections {
  readonly #limit: number;
  /**
   * Connections in the order of their last response, oldest first. A connection without a response counts from its
   * opening.
   */
  readonly #phases = new Map<Socket, Phase>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    if (this.#phases.size >= this.#limit) {
      const victim = this.#slowest() ?? socket;
      victim.destroy();
      this.#phases.delete(victim);
      if (victim === socket) return;
    }
    this.#phases.set(socket, 'idle');
    socket.once('close', () => this.#phases.delete(socket));
  }

  /**
   * Sets the state of a connection, unless it is closed. With `idle`, it becomes the most recently answered connection.
   */
  set(socket: Socket, phase: Phase): void {
    if (!this.#phases.has(socket)) return;
    if (phase === 'idle') this.#phases.delete(socket);
    this.#phases.set(socket, phase);
  }

  cut(phase: Phase): void {
    for (const [socket, its] of this.#phases) if (its === phase) socket.destroy();
  }

  #slowest(): Socket | undefined {
    for (const [socket, phase] of this.#phases) if (phase !== 'answering') return socket;
    return undefined;
  }
}

/** Limits of the receiver. Times are milliseconds. */
export interface ReceiverLimits {
  /** Maximum number of connections. */
  connections: number;
  /** Timeout for the request headers. */
  head: number;
  /** Timeout for the whole request. */
  request: number;
  /** Timeout for storing the webhook. Wise expects the response within 5 seconds, including its transfer. */
  answer: number;
  /** Timeout for reading the rest of a rejected request. */
  linger: number;
  /** Timeout for completing accepted requests when the receiver stops. */
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
