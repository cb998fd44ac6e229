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
