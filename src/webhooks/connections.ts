import type { Socket } from 'node:net';

/** `idle` includes the time in which the head of a request arrives. */
type Phase = 'idle' | 'receiving' | 'answering';

/**
 * The open connections of a server, up to a limit. At the limit, a new connection replaces the one that was answered
 * least recently, so that slow senders never keep others out.
 */
export class Connections {
  readonly #limit: number;
  /** Connections in the order in which they were opened or last answered. */
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

  /** Sets the phase of a connection, unless it was closed meanwhile: `idle` means that it was just answered. */
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
  /** Connections at the same time. */
  connections: number;
  /** The limit for the head of a request. */
  head: number;
  /** The limit for a whole request. */
  request: number;
  /** Wise waits for 5 seconds, and an answer needs some time to travel. */
  answer: number;
  /** For the rest of a request that was refused. */
  linger: number;
  /** For the rest of a request that was accepted, when the receiver stops. */
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
