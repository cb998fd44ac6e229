import type { PermitGrant, PermitRequest } from '../domain/times/rate-limit.ts';
import type { Places } from './permit.ts';

/** Rate limits that all processes of a client share. */
export interface SharedLimits {
  /** Takes and reports permits. @returns null if the limits can't be shared; the process then applies them alone */
  takePermits(request: PermitRequest): Promise<PermitGrant | null>;
  close(): Promise<void>;
}

/** Number of permits to take at once: few enough for other processes, but enough for a short command. */
const LEAST_TAKEN = 4;
const MOST_TAKEN = 16;
/**
 * Milliseconds after which unused permits are returned. A process that returns permits also receives the pauses of
 * other processes.
 */
const LIFETIME_MS = 250;
/** Milliseconds between two reports of permits in use. A process that stops reporting counts as killed. */
const RENEWAL_MS = 10_000;
/** Milliseconds after which taking permits counts as failed, because the journal does not respond. */
const LONGEST_TAKE_MS = 2_000;
/**
 * Milliseconds for which a process applies the limits alone after taking permits failed, before it tries the journal
 * again.
 */
const PAUSE_MS = 5_000;
/** Maximum age of a response that counts towards a limit, in milliseconds. */
const OLDEST_ANSWER_MS = 70_000;

type Wish = Pick<PermitRequest, 'wanted' | 'isReservation'>;

const NO_WISH: Wish = { wanted: 0, isReservation: false };

interface SharedPermitsOptions {
  limits: SharedLimits;
  /** Returns the number of reserved permits. */
  reserved: () => number;
  /** Called after each exchange with the other processes. */
  onChange: () => void;
  /** Called when another process reports a pause that Wise requires. @param milliseconds remaining pause */
  onBlock: (milliseconds: number) => void;
}

/** The permits of this process under shared rate limits. */
export class SharedPermits implements Places {
  readonly isSingle = false;
  readonly #options: SharedPermitsOptions;
  /** Number of unused permits. */
  #stock = 0;
  #mayReserve = false;
  /** The pending request for permits. */
  #wish = NO_WISH;
  #takenAt = Number.NEGATIVE_INFINITY;
  /** Number of permits in use. */
  #kept = 0;
  /** Times of responses that were not reported yet. */
  #answers: number[] = [];
  #retryAt = 0;
  #aloneUntil = 0;
  #blockedUntil = 0;
  #isBlockReported = true;
  #taking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #reportAt = 0;
  /** True if the other processes count permits for this process. */
  #isKnown = false;
  #isClosed = false;

  constructor(options: SharedPermitsOptions) {
    this.#options = options;
  }

  freeAt(now: number): number {
    if (now < this.#aloneUntil || (this.#stock > 0 && now < this.staleAt)) return now;
    return this.#taking === null && now < this.#retryAt ? this.#retryAt : Number.POSITIVE_INFINITY;
  }

  /** Time at which unused permits are returned. */
  get staleAt(): number {
    return this.#takenAt + LIFETIME_MS;
  }

  /** True if a permit may be reserved for a later request. */
  get mayReserve(): boolean {
    return this.#mayReserve || performance.now() < this.#aloneUntil;
  }

  /** Takes permits from the shared limits, unless some are unused or the last try was too recent. */
  want(count: number, isReservation: boolean): void {
    const now = performance.now();
    if (this.#taking || now < this.#retryAt) return;
    const isRefused = isReservation && !this.mayReserve && !this.#wish.isReservation;
    if (this.freeAt(now) <= now && !isRefused) return;
    void this.#exchange({ wanted: Math.min(Math.max(count, LEAST_TAKEN), MOST_TAKEN), isReservation });
  }

  take(): void {
    if (this.#stock > 0) this.#stock -= 1;
    this.#kept += 1;
  }

  answered(): void {
    this.#kept -= 1;
    this.#answers.push(performance.now());
    this.#reportLater();
  }

  giveBack(): void {
    this.#kept -= 1;
    this.#stock += 1;
    this.#reportLater();
  }

  /** Reports a pause that Wise requires. */
  block(milliseconds: number): void {
    this.#blockedUntil = performance.now() + milliseconds;
    this.#isBlockReported = false;
    if (!this.#taking) void this.#exchange();
  }

  /** Returns unused permits, so that other processes need not wait until this one counts as killed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#taking;
    const hasNews = this.#isKnown || this.#answers.length > 0;
    if (hasNews && performance.now() >= this.#aloneUntil) await this.#exchange();
    await this.#options.limits.close();
  }

  async #exchange(wish: Wish = NO_WISH): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#taking = this.#report(wish);
    await this.#taking;
    this.#taking = null;
    if (!this.#isBlockReported && performance.now() >= this.#aloneUntil) return this.#exchange();
    this.#reportLater();
    this.#options.onChange();
  }

  async #report(wish: Wish): Promise<void> {
    const now = performance.now();
    const answers = this.#answers.filter((at) => now - at < OLDEST_ANSWER_MS);
    this.#answers = [];
    this.#stock = 0;
    this.#isBlockReported = true;
    this.#wish = wish;
    const grant = await this.#takeInTime({
      ...wish,
      kept: this.#kept,
      reserved: this.#options.reserved(),
      answerAges: answers.map((at) => now - at),
      blockFor: Math.max(0, this.#blockedUntil - now),
    });
    if (grant === null) {
      this.#answers.unshift(...answers);
      this.#aloneUntil = performance.now() + PAUSE_MS;
      return;
    }
    this.#aloneUntil = 0;
    this.#takenAt = now;
    this.#stock += grant.permits;
    this.#mayReserve = grant.mayReserve;
    this.#retryAt = performance.now() + grant.retryIn;
    this.#isKnown = this.#stock + this.#kept > 0;
    if (grant.blockedFor > 0) this.#options.onBlock(grant.blockedFor);
  }

  async #takeInTime(request: PermitRequest): Promise<PermitGrant | null> {
    const { promise: late, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), LONGEST_TAKE_MS);
    return Promise.race([this.#options.limits.takePermits(request), late]).finally(() => clearTimeout(timer));
  }

  /** Schedules the next report, even without further requests. */
  #reportLater(): void {
    const hasNews = this.#stock > 0 || this.#answers.length > 0;
    if (this.#isClosed || this.#taking || !(hasNews || this.#kept > 0)) return;
    const at = Math.max(performance.now() + (hasNews ? LIFETIME_MS : RENEWAL_MS), this.#aloneUntil);
    if (this.#timer && this.#reportAt <= at) return;
    clearTimeout(this.#timer);
    this.#reportAt = at;
    this.#timer = setTimeout(() => void this.#exchange(), at - performance.now()).unref();
  }
}
