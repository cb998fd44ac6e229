/** One value that waits to be written, and whoever waits for it. */
interface Waiting<Value, Written> {
  value: Value;
  resolve: (written: Written) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes what is given in the same turn of the event loop together: a commit waits for the disk, and one for all costs
 * as much as one for each.
 */
export class GroupCommit<Value, Written> {
  readonly #inTransaction: (work: () => void) => void;
  readonly #write: (value: Value) => Written;
  #waiting: Waiting<Value, Written>[] = [];

  /**
   * @param inTransaction runs work in one write transaction, or throws
   * @param write writes one value within it, and says what became of it
   */
  constructor(inTransaction: (work: () => void) => void, write: (value: Value) => Written) {
    this.#inTransaction = inTransaction;
    this.#write = write;
  }

  /** @returns once it is on the disk */
  add(value: Value): Promise<Written> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ value, resolve, reject });
      if (this.#waiting.length === 1) setImmediate(() => this.#flush());
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const answers: (() => void)[] = [];
    try {
      this.#inTransaction(() => {
        for (const { value, resolve } of batch) {
          const written = this.#write(value);
          answers.push(() => resolve(written));
        }
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    for (const answer of answers) answer();
  }
}
