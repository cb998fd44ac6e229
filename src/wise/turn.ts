import type { Window } from './window.ts';

/** A reservation that nobody used or cancelled ends after this long. */
const LONGEST_RESERVATION_MS = 70_000;

/** The places that one request takes, one in each window. */
export class Turn {
  readonly #windows: readonly Window[];
  /** Those in which it has a place now. */
  readonly #placed = new Set<Window>();

  constructor(windows: readonly Window[]) {
    this.#windows = windows;
  }

  /** Waits for a place in each window. @throws the signal's reason, and has none then */
  async take(signal: AbortSignal): Promise<void> {
    try {
      for (const window of this.#windows) {
        await window.take(signal);
        this.#placed.add(window);
      }
    } catch (error) {
      this.giveBack();
      throw error;
    }
  }

  /** Is kept for a request that goes out later. A single place is not: what has to be asked before would need it, too. */
  keep(): void {
    for (const window of this.#placed) if (window.isSingle) this.#end(window, 'answered');
  }

  /** The request goes out, whether or not its places were kept. */
  use(): void {
    for (const window of this.#windows) {
      if (this.#placed.has(window)) continue;
      window.join();
      this.#placed.add(window);
    }
  }

  answered(): void {
    for (const window of this.#placed) this.#end(window, 'answered');
  }

  giveBack(): void {
    for (const window of this.#placed) this.#end(window, 'giveBack');
  }

  #end(window: Window, end: 'answered' | 'giveBack'): void {
    this.#placed.delete(window);
    window[end]();
  }
}

/** A turn that was waited for before: a request with it goes out at once. Its places are kept until it is used. */
export class Reservation {
  readonly reservedAt: number = performance.now();
  readonly #turn: Turn;
  readonly #end: () => void;
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(turn: Turn, onEnd: () => void) {
    this.#turn = turn;
    this.#end = onEnd;
    turn.keep();
    this.#timer = setTimeout(() => this.cancel(), LONGEST_RESERVATION_MS).unref();
  }

  /** Nothing is sent with it after all. */
  cancel(): void {
    if (this.#isOver) return;
    this.#close();
    this.#turn.giveBack();
  }

  /** Its request goes out now. */
  use(): Turn {
    this.#close();
    this.#turn.use();
    return this.#turn;
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#end();
  }
}
