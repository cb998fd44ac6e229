import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import type { OutboxTarget, Waiting } from '../journal/journal.ts';
import { Target, type Trouble } from '../webhooks/target.ts';
import { dueIn, isOld, MOST_REFUSALS, pauseAfter } from './outbox-rules.ts';

/** Headers and bytes of a delivery. */
export interface Message {
  headers: Record<string, string>;
  body: Uint8Array;
}

/** The result of one delivery. */
type DeliveryResult = 'delivered' | 'unavailable' | 'refused';

interface SenderOptions {
  target: OutboxTarget;
  url: URL;
  /** Returns the message of a row; null for a row that is not sent. */
  messageOf: (row: Waiting) => Promise<Message | null>;
  onResult: (result: DeliveryResult) => void;
  /** Gives up rows that waited for too long. */
  giveUpOld: () => Promise<void>;
  /** Called for a row that the target refused too often. */
  onRefused: (row: Waiting, reason: string) => void;
}

/** Number of rows that are read together. */
const PAGE = 50;
/** Milliseconds until the next check if another server delivers, or after an error of the journal. */
const CHECK_MS = 5_000;
/** Number of failed deliveries of a row after which a warning is printed: the target is away for some 15 seconds. */
const TRIES_BEFORE_WARNING = 5;

/**
 * Delivers what waits for a target, in the sequence of arrival, at least once. Of all servers on a journal, the one with a
 * lease on the target does: if it ends, even by a kill, another one continues within 20 seconds.
 */
export class Sender {
  readonly #ctx: Context;
  readonly #options: SenderOptions;
  #target: Target;
  readonly #lease: string;
  #isOwner = false;
  /** Time before which nothing is delivered. */
  #dueAt: Reading;
  /** Removes the delivered rows from the journal, while the next one is sent. */
  #removal: Promise<void> = Promise.resolve();
  /** The row that the target refused last, and how often. */
  #refused = { id: 0, times: 0 };
  #isWarned = false;

  constructor(ctx: Context, options: SenderOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#target = new Target(options.url, null);
    const { kind, name } = options.target;
    this.#lease = `outbox ${kind} ${name}`;
    this.#dueAt = ctx.stopwatch.now();
  }

  get target(): OutboxTarget {
    return this.#options.target;
  }

  /** Uses the proxy of the environment. @throws Failure `usage` for an invalid proxy */
  async connect(): Promise<void> {
    const { url } = this.#options;
    this.#target = new Target(url, await this.#ctx.webhooks.openAgent(url));
  }

  /** Delivers until the signal of the context. Completes a delivery in progress, and releases the lease. */
  async run(): Promise<void> {
    const { journal, signal, stopwatch } = this.#ctx;
    while (!signal.aborted) {
      try {
        for await (const _ of journal.watch(signal)) await this.#deliverDue();
      } catch (error) {
        // The listener reports an unusable journal.
        if (!(error instanceof Failure)) this.#warn(`is interrupted: ${asFailure(error).message}`);
        await stopwatch.sleep(CHECK_MS, signal).catch(() => undefined);
      }
    }
    this.#target.close();
    if (this.#isOwner) await journal.releaseLeases([this.#lease]).catch(() => undefined);
  }

  /** Delivers rows until none is due. */
  async #deliverDue(): Promise<void> {
    const { stopwatch, signal, journal } = this.#ctx;
    while (!signal.aborted && stopwatch.until(this.#dueAt) <= 0) {
      const rows = await journal.listWaiting(this.target, PAGE);
      if (rows.length === 0) return;
      if (!(await this.#hasLease())) return this.#pause(CHECK_MS);
      await this.#deliver(rows);
    }
  }

  async #deliver(rows: readonly Waiting[]): Promise<void> {
    const { signal, calendar } = this.#ctx;
    for (const row of rows) {
      if (isOld(row, calendar.now())) {
        await this.#options.giveUpOld();
        break;
      }
      const wait = dueIn(row, calendar.now());
      if (wait > 0) this.#pause(wait);
      if (wait > 0 || signal.aborted || !(await this.#deliverOne(row))) break;
      // One removal at a time, during the next delivery.
      await this.#removal;
      this.#removal = this.#ctx.journal.removeWaiting(this.target, row.id);
      this.#removal.catch(() => undefined);
    }
    await this.#removal;
  }

  /** Delivers a row. @returns true if the row can be removed: delivered, left out or given up */
  async #deliverOne(row: Waiting): Promise<boolean> {
    const { messageOf, onResult, onRefused } = this.#options;
    const message = await messageOf(row);
    if (message === null) return true;
    const trouble = await this.#target.send(message);
    onResult(resultOf(trouble));
    if (trouble === null) {
      this.#isWarned = false;
      return true;
    }
    if (!trouble.passes && this.#isRefusedTooOften(row.id)) {
      onRefused(row, trouble.reason);
      return true;
    }
    await this.#postpone(row, trouble);
    return false;
  }

  async #postpone({ id, tries }: Waiting, { reason }: Trouble): Promise<void> {
    const { calendar, journal } = this.#ctx;
    const pause = pauseAfter(tries + 1);
    this.#pause(pause);
    if (tries + 1 >= TRIES_BEFORE_WARNING) this.#warn(`fails: ${reason}. It is tried again.`);
    await journal.postponeWaiting(id, Math.round(calendar.now() + pause));
  }

  #isRefusedTooOften(id: number): boolean {
    this.#refused = { id, times: this.#refused.id === id ? this.#refused.times + 1 : 1 };
    return this.#refused.times >= MOST_REFUSALS;
  }

  #pause(milliseconds: number): void {
    this.#dueAt = this.#ctx.stopwatch.after(milliseconds);
  }

  /** Acquires the lease. Acquires it again if it expired while this process was suspended. */
  async #hasLease(): Promise<boolean> {
    const { journal } = this.#ctx;
    if (this.#isOwner && (await journal.holdsLeases([this.#lease]))) return true;
    if (this.#isOwner) await journal.releaseLeases([this.#lease]);
    this.#isOwner = false;
    this.#isOwner = (await journal.takeLeases([this.#lease], 'deliver')).length === 0;
    return this.#isOwner;
  }

  /** Prints a warning, but only the first one after a success. */
  #warn(text: string): void {
    if (!this.#isWarned) this.#ctx.report.warn(`The delivery to ${this.target.name} ${text}`);
    this.#isWarned = true;
  }
}

function resultOf(trouble: Trouble | null): DeliveryResult {
  if (trouble === null) return 'delivered';
  return trouble.passes ? 'unavailable' : 'refused';
}
