// Ids become visible in their order, whatever the order in which sessions begin, insert and commit.
import { assert, asyncProperty, shuffledSubarray } from 'fast-check';
import { expect } from 'vitest';
import type { PostgresSession } from '../../src/postgres/session.ts';
import { makeSchema, openPostgresJournal, openTestSession, testWithPostgres } from '../harness/postgres.ts';

const INSERT = `INSERT INTO events (environment, content_key, body, is_test, is_verified, received_at, event_type)
  VALUES ('sandbox', :key, '', 0, 1, 1, 'e') RETURNING id`;
const STEPS = 3;

/** A session that takes its steps when the schedule says so: begin, insert, commit. */
class Writer {
  readonly #session: PostgresSession;
  readonly #name: string;
  readonly sent: Promise<unknown>[] = [];

  constructor(session: PostgresSession, name: string) {
    this.#session = session;
    this.#name = name;
  }

  /** Sends the next step, without waiting for its response. */
  step(): void {
    const steps = [
      async () => this.#session.begin(),
      async () => this.#session.run(INSERT, { key: this.#name }),
      async () => this.#session.script('COMMIT'),
    ];
    const next = steps[this.sent.length];
    if (next) this.sent.push(next());
  }

  /** Resolves once it has the lock. */
  get begun(): Promise<Writer> {
    return Promise.resolve(this.sent[0]).then(() => this);
  }

  get hasEnded(): boolean {
    return this.sent.length === STEPS;
  }
}

/** Returns all sequences of the steps of two writers: each has three, in their order. */
function interleavings(first: number, second: number): number[][] {
  if (first === 0 && second === 0) return [[]];
  return [
    ...(first > 0 ? interleavings(first - 1, second).map((rest) => [0, ...rest]) : []),
    ...(second > 0 ? interleavings(first, second - 1).map((rest) => [1, ...rest]) : []),
  ];
}

testWithPostgres(
  'a reader that continues after the last event it saw skips none, in every order of begin, insert and commit',
  async () => {
    const address = await makeSchema();
    const journal = openPostgresJournal({ address, environment: 'sandbox', now: () => Date.now() });
    const sessions = await Promise.all([0, 1, 2].map(async () => openTestSession(address)));
    let schedules = 0;
    const run = async (schedule: readonly number[]) => {
      schedules += 1;
      const writers = sessions.map((session, index) => new Writer(session, `${schedules} ${index}`));
      const open = new Set<Writer>();
      let holder: Writer | null = null;
      let cursor = await journal.latestEventId();
      let seen = 0;
      const read = async () => {
        const events = await journal.listEvents({ afterId: cursor });
        seen += events.length;
        cursor = events.at(-1)?.id ?? cursor;
      };
      for (const index of schedule) {
        const writer = writers[index] as Writer;
        writer.step();
        open.add(writer);
        // The server decides which of those that wait for the lock is next.
        while (open.size > 0) {
          holder ??= await Promise.race([...open].map(async (one) => one.begun));
          await Promise.all(holder.sent);
          await read();
          if (!holder.hasEnded) break;
          open.delete(holder);
          holder = null;
        }
      }
      expect(seen).toBe(new Set(schedule).size);
    };
    for (const schedule of interleavings(STEPS, STEPS)) await run(schedule);
    const steps = [0, 1, 2].flatMap((index) => Array.from({ length: STEPS }, () => index));
    const random = shuffledSubarray(steps, { minLength: steps.length });
    await assert(asyncProperty(random, run), { numRuns: 100 });
  },
  60_000,
);
