import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type PermitGrant,
  type PermitRequest,
  type RateLimit,
  type SharedRate,
  takePermits,
  UNUSED_RATE,
} from '../../../src/domain/times/rate-limit.ts';

const NOTHING: PermitRequest = {
  kept: 0,
  reserved: 0,
  wanted: 0,
  isReservation: false,
  answerAges: [],
  blockFor: 0,
};

/** The row that processes share, and its clock. */
class Row {
  now = 1_000;
  rate: SharedRate = UNUSED_RATE;
  readonly limits: readonly RateLimit[];

  constructor(limits: readonly RateLimit[]) {
    this.limits = limits;
  }

  take(user: string, request: Partial<PermitRequest>): PermitGrant {
    const { limits, now } = this;
    const decided = takePermits(this.rate, { ...NOTHING, ...request }, { user, limits, now });
    // As it is stored.
    this.rate = JSON.parse(JSON.stringify(decided.rate)) as SharedRate;
    return decided.grant;
  }
}

const TIGHT: readonly RateLimit[] = [
  { requests: 6, within: 100 },
  { requests: 15, within: 1_000 },
];
/** Unused permits are not used after this time. */
const LIFETIME = 250;
/** A request of a killed process arrives at most so much later. */
const LONGEST_TRAVEL = 15_000;

/** A process that uses permits as it likes. A request may arrive at any moment between its sending and its answer. */
class User {
  static #count = 0;
  readonly #row: Row;
  readonly #arrivals: number[];
  #id = '';
  #stock = 0;
  #mayReserve = false;
  #takenAt = 0;
  #sentAt: number[] = [];
  #answeredAt: number[] = [];
  reserved = 0;

  constructor(row: Row, arrivals: number[]) {
    this.#row = row;
    this.#arrivals = arrivals;
    this.#begin();
  }

  /** Takes permits when it is told to, and uses them. */
  use(count: number): void {
    const retryIn = this.take(count, false);
    this.#row.now += retryIn;
    if (retryIn > 0) this.take(count, false);
    this.send(count);
  }

  /** @returns the time until the next try */
  take(wanted: number, isReservation: boolean): number {
    const grant = this.#row.take(this.#id, {
      kept: this.#sentAt.length + this.reserved,
      reserved: this.reserved,
      wanted,
      isReservation,
      answerAges: this.#answeredAt.map((at) => this.#row.now - at),
    });
    this.#answeredAt = [];
    this.#stock = grant.permits;
    this.#mayReserve = grant.mayReserve;
    this.#takenAt = this.#row.now;
    return grant.retryIn;
  }

  send(count: number): void {
    for (; this.#has() && count > 0; count -= 1) {
      this.#stock -= 1;
      this.#sentAt.push(this.#row.now);
    }
  }

  reserve(count: number): void {
    if (!this.#mayReserve) return;
    for (; this.#has() && count > 0; count -= 1) {
      this.#stock -= 1;
      this.reserved += 1;
    }
  }

  sendReserved(count: number): void {
    for (; this.reserved > 0 && count > 0; count -= 1) {
      this.reserved -= 1;
      this.#sentAt.push(this.#row.now);
    }
  }

  answer(count: number, travel: number): void {
    for (const sentAt of this.#sentAt.splice(0, count)) {
      this.#arrivals.push(sentAt + travel * (this.#row.now - sentAt));
      this.#answeredAt.push(this.#row.now);
    }
  }

  /** Ends without a report. Another process begins. */
  kill(travel: number): void {
    for (const _ of this.#sentAt) this.#arrivals.push(this.#row.now + travel * LONGEST_TRAVEL);
    this.#begin();
  }

  end(): void {
    this.#arrivals.push(...this.#sentAt);
  }

  #has(): boolean {
    return this.#stock > 0 && this.#row.now - this.#takenAt < LIFETIME;
  }

  #begin(): void {
    User.#count += 1;
    this.#id = `user ${User.#count}`;
    this.#stock = 0;
    this.#sentAt = [];
    this.#answeredAt = [];
    this.reserved = 0;
  }
}

const step = fc.record({
  user: fc.nat(3),
  act: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('use', 'use', 'answer', 'answer', 'take', 'send') },
    { weight: 2, arbitrary: fc.constantFrom('reserve', 'sendReserved') },
    { weight: 1, arbitrary: fc.constantFrom('kill', 'pause') },
  ),
  count: fc.integer({ min: 1, max: 8 }),
  isReservation: fc.boolean(),
  travel: fc.constantFrom(0, 0, 0.5, 1, 1),
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 120 })),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** Runs the steps. @returns the arrivals, and the most reserved permits at a time */
function play(steps: readonly Step[]): { arrivals: number[]; mostReserved: number } {
  const row = new Row(TIGHT);
  const arrivals: number[] = [];
  const users = Array.from({ length: 4 }, () => new User(row, arrivals));
  let mostReserved = 0;
  for (const { user: index, act, count, isReservation, travel, wait } of steps) {
    const user = users[index];
    if (act === 'take') user?.take(count, isReservation);
    else if (act === 'answer') user?.answer(count, travel);
    else if (act === 'kill') user?.kill(travel);
    else if (act === 'pause') pause(row, users);
    else user?.[act](count);
    mostReserved = Math.max(
      mostReserved,
      users.reduce((sum, { reserved }) => sum + reserved, 0),
    );
    row.now += wait;
  }
  for (const user of users) user.end();
  return { arrivals: arrivals.toSorted((left, right) => left - right), mostReserved };
}

/** A long time, in which processes with permits report. */
function pause(row: Row, users: readonly User[]): void {
  for (let part = 0; part < 4; part += 1) {
    row.now += 8_000;
    for (const user of users) user.take(0, false);
  }
}

describe('permits of a shared limit', () => {
  test('never allow more requests in any period than a limit, however several processes use them', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 300, size: 'max' }), (steps) => {
        const { arrivals, mostReserved } = play(steps);
        for (const { requests, within } of TIGHT) {
          const tooClose = arrivals.filter(
            (at, index) => (arrivals[index + requests] ?? Infinity) < at + within,
          );
          expect(tooClose).toEqual([]);
        }
        expect(mostReserved).toBeLessThanOrEqual(3);
      }),
      { numRuns: 400 },
    );
  });

  const WISE = [
    { requests: 100, within: 1_000 },
    { requests: 1_000, within: 60_000 },
  ];

  test('let a process that waits as long as it is told use more than 99 % of the limits of Wise', () => {
    const row = new Row(WISE);
    const started = row.now;
    let sent = 0;
    let answered = 0;
    while (sent < 3_000) {
      const answerAges = Array.from({ length: answered }, () => 0);
      const { permits, retryIn } = row.take('one', { wanted: 16, answerAges });
      sent += permits;
      answered = permits;
      if (permits === 0) row.now += Math.ceil(retryIn);
    }
    // 1,000 at the start of each minute, the last of them after nine seconds.
    expect((2 * 60_000 + 9_000) / (row.now - started)).toBeGreaterThan(0.99);
  });

  test('that a killed process took are free after thirty seconds and the period', () => {
    const row = new Row(TIGHT);
    expect(row.take('killed', { wanted: 9 }).permits).toBe(6);
    row.now += 30_000;
    expect(row.take('other', { wanted: 1 }).permits).toBe(0);
    row.now += 1_500;
    expect(row.take('other', { wanted: 9 }).permits).toBe(6);
  });

  test('that a process returns are free immediately', () => {
    const row = new Row(TIGHT);
    row.take('one', { wanted: 6 });
    expect(row.take('other', { wanted: 2 }).permits).toBe(0);
    row.take('one', { kept: 1 });
    expect(row.take('other', { wanted: 9 }).permits).toBe(5);
  });

  test('are granted to nobody while Wise asks for a pause, and the longest pause counts', () => {
    const row = new Row(TIGHT);
    row.take('one', { blockFor: 2_000 });
    row.take('other', { blockFor: 500 });
    row.now += 500;
    expect(row.take('third', { wanted: 1 })).toMatchObject({ permits: 0, retryIn: 1_500, blockedFor: 1_500 });
    row.now += 1_500;
    expect(row.take('third', { wanted: 1 })).toMatchObject({ permits: 1, blockedFor: 0 });
  });

  test('count as if no time had passed after their clock was set back', () => {
    const row = new Row(TIGHT);
    row.take('one', { wanted: 6 });
    row.now = 500;
    expect(row.take('other', { wanted: 6, answerAges: [0, 0] }).permits).toBe(0);
    row.now = 10;
    expect(row.take('one', { wanted: 6, kept: 2, blockFor: 20 })).toMatchObject({
      permits: 0,
      blockedFor: 20,
    });
    row.now = 5;
    expect(row.take('one', { wanted: 6, kept: 2 })).toMatchObject({ permits: 0, blockedFor: 20 });
    row.now += 120;
    expect(row.take('one', { wanted: 6, kept: 2 }).permits).toBe(4);
  });

  test('take little space, also after a thousand requests', () => {
    const row = new Row(WISE);
    for (let sent = 0; sent < 1_000; sent += 1) {
      row.take('one', { wanted: 1, answerAges: [0] });
      row.now += 60;
    }
    expect(JSON.stringify(row.rate).length).toBeLessThan(8_000);
  });
});
