import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { NoticeUpdate } from '../journal/journal.ts';
import type { NotifyTarget } from './check-notify-file.ts';
import { decideNotices, isSentTo, type NoticeChange, nextDecisionAt } from './decide-notices.ts';
import { gatherReports } from './gather-reports.ts';
import { makeNotice, nameCards } from './make-notice.ts';
import { renderNotice } from './notice-formats.ts';
import { readProblems } from './read-problems.ts';

export interface NoticesOptions {
  targets: readonly NotifyTarget[];
  /** Milliseconds in progress after which a card is stuck. */
  stuckAfter: number;
  /** Milliseconds for which equal problems are gathered before the first notice. */
  gather: number;
}

/** Default time for which equal problems are gathered, in milliseconds. */
export const GATHER_MS = 30_000;

/** Minimum time between an event and the next decision, in milliseconds: many events come at the same time. */
const SOON_MS = 1_000;

/** Minimum pause after a decision, as a multiple of its duration. A large journal takes a while to read. */
const PAUSES = 20;

type Occasion = 'event' | 'due';

/** Decides which notices are due, and queues them in the outbox. May run any number of times, on any server. */
export class Notices {
  readonly #ctx: Context;
  readonly #options: NoticesOptions;
  readonly #waiting = new Set<Occasion>();
  #latest: { endedAt: Reading; lasted: number } | null = null;
  #start: () => void = () => undefined;

  constructor(ctx: Context, options: NoticesOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  get targets(): readonly NotifyTarget[] {
    return this.#options.targets;
  }

  /** @param start lets a decision begin on one of the servers */
  onDue(start: () => void): void {
    this.#start = start;
  }

  /** Called for each stored event, and when a detached plan ended or paused. */
  onEvent(): void {
    void this.#startIn(SOON_MS, 'event');
  }

  /** Decides once. Postpones the decision if the previous one took long and ended recently. */
  async run(): Promise<void> {
    const { stopwatch, journal } = this.#ctx;
    // The event that started this decision may have reached another server, which does not start it again.
    if (this.#pauseLeft() > 0) return void this.#startIn(0, 'due');
    if (!(await journal.hasNotices())) return;
    const began = stopwatch.now();
    await this.#decide();
    this.#latest = { endedAt: stopwatch.now(), lasted: stopwatch.since(began) };
    const nextAt = nextDecisionAt(await journal.listNotices(), this.#options.gather);
    if (nextAt !== null) void this.#startIn(nextAt - this.#ctx.calendar.now(), 'due');
  }

  async #decide(): Promise<void> {
    const { journal, calendar } = this.#ctx;
    const { gather, stuckAfter } = this.#options;
    const problems = await readProblems(this.#ctx, { stuckAfter });
    const changes = decideNotices(problems, await journal.listNotices(), { now: calendar.now(), gather });
    if (changes.length === 0) return;
    await journal.updateNotices(await this.#toUpdates(changes));
  }

  async #toUpdates(changes: readonly NoticeChange[]): Promise<NoticeUpdate[]> {
    const { environment, calendar } = this.#ctx;
    const now = Math.trunc(calendar.now());
    const gathered = gatherReports(changes);
    const reported = gathered.flatMap(({ report }) =>
      report?.reports === 'problem' ? [report.problem] : [],
    );
    const world = {
      environment,
      now,
      runbook: await this.#ctx.runbook(),
      names: await nameCards(this.#ctx, reported),
    };
    return gathered.map(({ changes: together, report }) => {
      if (report === null) return { changes: together, messages: [] };
      const notice = makeNotice(report, world);
      const messages = this.targets
        .filter(({ kinds }) => isSentTo(kinds, notice))
        .map(({ name, format }) => ({ target: name, notice: renderNotice(notice, format), at: now }));
      return { changes: together, messages };
    });
  }

  #pauseLeft(): number {
    const { stopwatch } = this.#ctx;
    return this.#latest ? this.#latest.lasted * PAUSES - stopwatch.since(this.#latest.endedAt) : 0;
  }

  /** Starts a decision after a time, unless a start is already waiting. */
  async #startIn(milliseconds: number, occasion: Occasion): Promise<void> {
    if (this.#waiting.has(occasion)) return;
    this.#waiting.add(occasion);
    const { stopwatch, signal } = this.#ctx;
    await stopwatch.sleep(Math.max(milliseconds, this.#pauseLeft(), 0), signal).catch(() => undefined);
    this.#waiting.delete(occasion);
    if (!signal.aborted) this.#start();
  }
}
