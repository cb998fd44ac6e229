import { type FSWatcher, watch } from 'node:fs';

/** Milliseconds between two checks where no change is reported. */
const SLOW_POLL_MS = 1_000;

/** Pauses between checks after a reported change, in milliseconds: a commit is visible only once it is on the disk. */
const CHECKS_MS = [0, 1, 2, 4, 8, 16, 32, 64];

/**
 * Yields immediately, then when the version changes: it is checked after each change of the file, and slowly without one.
 * @param file null where there is none to watch
 */
export async function* watchFile(
  file: string | null,
  { signal, version }: { signal: AbortSignal; version: () => string },
): AsyncIterable<void> {
  const changes = new Changes(file);
  const stop = () => changes.report();
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
    changes.close();
  }
}

/** Moments at which a file may have changed. */
class Changes {
  readonly #watcher: FSWatcher | null;
  /** The next check after the last reported change. */
  #check = CHECKS_MS.length;
  #wake: () => void = () => undefined;
  /** True if the last moment came without a reported change. */
  isSlow = false;

  constructor(file: string | null) {
    this.#watcher = file === null ? null : open(file, () => this.report());
  }

  /** Notes that the file changed. */
  report(): void {
    this.#check = 0;
    this.#wake();
  }

  async next(): Promise<void> {
    const delay = CHECKS_MS[this.#check];
    this.#check += 1;
    this.isSlow = delay === undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, delay ?? SLOW_POLL_MS);
      this.#wake = () => {
        // Reports that come during the checks begin them again, but keep the pause.
        if (!this.isSlow) return;
        this.isSlow = false;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    this.#watcher?.close();
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
