import type { Socket } from 'node:net';

/** What a connection is doing: nothing (or it is still sending the head of a request), sending a body, being answered. */
type Doing = 'idle' | 'receiving' | 'answering';

/**
 * The open connections of a server, of which there are never more than a number: a new one takes the place of the one
 * that has been idle longest, else of the one that has been sending longest. So slow senders never keep others out.
 */
export class Connections {
  readonly #limit: number;
  /** In the order in which they began what they are doing. */
  readonly #doing = new Map<Socket, Doing>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(socket: Socket): void {
    if (this.#doing.size >= this.#limit) {
      const victim = this.#oldest('idle') ?? this.#oldest('receiving') ?? socket;
      victim.destroy();
      this.#doing.delete(victim);
      if (victim === socket) return;
    }
    this.#doing.set(socket, 'idle');
    socket.once('close', () => this.#doing.delete(socket));
  }

  now(socket: Socket, doing: Doing): void {
    // One that was closed meanwhile is not there any more.
    if (this.#doing.delete(socket)) this.#doing.set(socket, doing);
  }

  /** Cuts all connections that do this. */
  cut(doing: Doing): void {
    for (const [socket, its] of this.#doing) if (its === doing) socket.destroy();
  }

  #oldest(doing: Doing): Socket | undefined {
    for (const [socket, its] of this.#doing) if (its === doing) return socket;
    return undefined;
  }
}
