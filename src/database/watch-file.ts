import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds between two checks where no change is reported. */
const SLOW_POLL_MS = 1_000;

/** Pauses between checks after a reported change, in milliseconds: a commit is visible only once it is on the disk. */
const CHECKS_MS = [0, 1, 2, 4, 8, 16, 32, 64];

interface WatchOptions {
  signal: AbortSignal;
  version: () => string;
  /** The functions to call after each commit of this process. */
  watchers: Set<() => void>;
}

/**
 * Yields immediately, then when the version changes: it is checked after each commit of this process, after each change
 * of the file, and slowly without one.
 * @param file null where there is none to watch
 */
export async function* watchFile(
  file: string | null,
  { signal, version, watchers }: WatchOptions,
): AsyncIterable<void> {
  const changes = new Changes(file);
  const stop = () => changes.wake();
  watchers.add(stop);
  signal.addEventListener('abort', stop);
  try {
    for (let known = ''; !signal.aborted; ) {
      const current = version();
      if (current !== known || changes.isSlow) yield;
      known = current;
      if (!signal.aborted) await changes.next();
    }
  } finally {
    signal.removeEventListener('abort', stop);
    watchers.delete(stop);
    changes.close();
  }
}

/** Moments at which a file may have changed. */
class Changes {
  readonly #watcher: FSWatcher | null;
  /** The next check after the last reported change. */
  #check = CHECKS_MS.length;
  #resume: () => void = () => undefined;
  #isWoken = false;
  /** True if the last moment came without a reported change. */
  isSlow = false;

  constructor(file: string | null) {
    this.#watcher = file === null ? null : open(file, () => this.report());
  }

  /** Begins the checks again, after the pause of the current one. */
  report(): void {
    this.#check = 0;
    if (this.isSlow) this.wake();
  }

  /** Ends the pause; without one, the next. */
  wake(): void {
    this.isSlow = false;
    this.#isWoken = true;
    this.#resume();
  }

  async next(): Promise<void> {
    const delay = CHECKS_MS[this.#check];
    this.#check += 1;
    this.isSlow = delay === undefined && !this.#isWoken;
    if (!this.#isWoken) await this.#pause(delay ?? SLOW_POLL_MS);
    this.#isWoken = false;
  }

  close(): void {
    this.#watcher?.close();
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#resume = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Watches a file. @returns null where the system can't watch it, so that it must be polled */
function open(file: string, report: () => void): FSWatcher | null {
  try {
    return watch(file, { persistent: false }, report).on('error', () => undefined);
  } catch {
    return null;
  }
}
