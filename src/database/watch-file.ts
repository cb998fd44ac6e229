import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds between two checks if no change is reported. */
const SLOW_POLL_MS = 1_000;

/**
 * Pauses between the checks after a reported change, in milliseconds. The commit becomes visible some time after the
 * report, depending on the disk, so the pauses grow with the time since the report.
 */
export const CHECKS_MS = [1, 1, 1, 1, 2, 3, 4, 6, 9, 14, 21, 32];

interface WatchOptions {
  signal: AbortSignal;
  version: () => string;
  /** Functions to call after each commit of this process. */
  watchers: Set<() => void>;
}

/**
 * Yields immediately, then whenever the version changes. Checks the version after each commit of this process, after
 * each reported change of the file, and every second.
 * @param file null if there is no file to watch
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

/** Waits until the file may have changed. */
class Changes {
  readonly #watcher: FSWatcher | null;
  /** Index of the next check after the last reported change. */
  #check = CHECKS_MS.length;
  #resume: () => void = () => undefined;
  #isWoken = false;
  /** True if the last wait ended without a reported change. */
  isSlow = false;

  constructor(file: string | null) {
    this.#watcher = file === null ? null : open(file, () => this.report());
  }

  /** Restarts the sequence of checks after the current pause. */
  report(): void {
    this.#check = 0;
    if (this.isSlow) this.wake();
  }

  /** Ends the current pause, or the next pause if there is none now. */
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

/** Watches a file. @returns null if the system can't watch it, so that it must be polled */
function open(file: string, report: () => void): FSWatcher | null {
  try {
    return watch(file, { persistent: false }, report).on('error', () => undefined);
  } catch {
    return null;
  }
}
