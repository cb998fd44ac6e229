import type { Context } from '../context/context.ts';
import { counted } from '../domain/text/words.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { EventChoice } from '../events/event-filter.ts';
import type { GivenUp, OutboxTarget, Waiting } from '../journal/journal.ts';
import { deliveryHeaders } from '../wire/events.ts';
import { Counter } from './exposition.ts';
import { LONGEST_WAIT_MS, MOST_WAITING, nameOfTarget, UNSERVED_MS } from './outbox-rules.ts';
import { type Message, Sender } from './outbox-sender.ts';

interface OutboxOptions {
  /** Target of events; null for none. */
  forwardTo: URL | null;
  /** Filter for the events to forward. */
  choice: EventChoice;
  /** Called for an event that the target refused. */
  onNotForwarded: (reason: string, eventId: number) => void;
}

/** The number of rows that wait for a target. `oldestAt` is null for none; `age`: milliseconds since then. */
export type OutboxCount = OutboxTarget & { waiting: number; oldestAt: number | null; age: number };

/** Milliseconds between two updates of the time at which a target was last served. */
const SERVED_EVERY_MS = 5 * 60_000;

/** The deliveries of a server from the outbox of the journal: the events for a target, and notices. */
export class Outbox {
  readonly #ctx: Context;
  readonly #options: OutboxOptions;
  readonly #senders: Sender[] = [];
  /** Deliveries of this process, by target and result. */
  readonly deliveries = new Counter();
  /** Rows that this process gave up, by target and reason. */
  readonly givenUp = new Counter();
  /** Targets that this process retired. */
  readonly retired = new Counter();

  constructor(ctx: Context, options: OutboxOptions) {
    this.#ctx = ctx;
    this.#options = options;
    const { forwardTo: url } = options;
    if (url) this.#add({ kind: 'event', name: nameOfTarget(url) }, url, async (row) => this.#eventOf(row));
  }

  /** Adds a target of notices. */
  addNotices(name: string, url: URL): void {
    this.#add({ kind: 'notice', name }, url, async ({ notice }) => noticeOf(notice));
  }

  /** The targets that this server delivers to. */
  get targets(): OutboxTarget[] {
    return this.#senders.map(({ target }) => target);
  }

  /** Uses the proxy of the environment for all targets. @throws Failure `usage` for an invalid proxy */
  async connect(): Promise<void> {
    for (const sender of this.#senders) await sender.connect();
  }

  /** False if the journal is on a server with an older schema, which has no outbox. */
  async isDurable(): Promise<boolean> {
    return this.#ctx.journal.hasOutbox();
  }

  /** Records that this server forwards to its target: from now on, events are queued for it. */
  async register(): Promise<void> {
    const { journal, calendar } = this.#ctx;
    for (const { kind, name } of this.targets)
      if (kind === 'event') await journal.serveForwarding(name, calendar.now());
  }

  /** Delivers until the signal of the context. */
  async run(): Promise<void> {
    if (!(await this.isDurable())) return;
    await Promise.all([this.#stayRegistered(), ...this.#senders.map(async (sender) => sender.run())]);
  }

  /** Counts the waiting rows of each target of this server, and of other targets with waiting rows. */
  async count(): Promise<OutboxCount[]> {
    if (!(await this.isDurable())) return [];
    const { journal, calendar } = this.#ctx;
    const counts = await journal.countWaiting();
    const idle = this.targets.filter(
      ({ kind, name }) => !counts.some((one) => one.kind === kind && one.name === name),
    );
    return [
      ...counts.map((one) => ({ ...one, age: Math.max(0, calendar.now() - one.oldestAt) })),
      ...idle.map((target) => ({ ...target, waiting: 0, oldestAt: null, age: 0 })),
    ];
  }

  /** Gives up rows that waited for too long, and the oldest rows of targets with too many. Any server may run it repeatedly. */
  async giveUp(): Promise<void> {
    const { journal, calendar, report } = this.#ctx;
    if (!(await this.isDurable())) return;
    const limits = { before: Math.trunc(calendar.now() - LONGEST_WAIT_MS), rows: MOST_WAITING };
    for (const one of await journal.giveUpWaiting(limits)) {
      this.#countGivenUp(one, one.reason, one.count);
      report.warn(givenUpText(one));
    }
  }

  /**
   * Retires targets to which no server forwards any more: their URL was changed or removed. Servers that are down for a
   * while lose nothing, because no other server retires their target within a day.
   */
  async retire(): Promise<void> {
    const { journal, calendar, report } = this.#ctx;
    if (!(await this.isDurable())) return;
    // The calendar may have been set forward.
    await this.register();
    for (const name of await journal.retireTargets(Math.trunc(calendar.now() - UNSERVED_MS))) {
      this.retired.add();
      report.warn(
        `No server has forwarded events to ${name} for a day: no more are queued for it. What waits is given up after 14 days.`,
      );
    }
  }

  #add(target: OutboxTarget, url: URL, messageOf: (row: Waiting) => Promise<Message | null>): void {
    const sender = new Sender(this.#ctx, {
      target,
      url,
      messageOf,
      giveUpOld: async () => this.giveUp(),
      onResult: (result) => this.deliveries.add({ ...labelsOf(target), result }),
      onRefused: ({ eventId }, reason) => {
        this.#countGivenUp(target, 'refused', 1);
        if (eventId === null) this.#ctx.report.warn(`A notice for ${target.name} was refused: ${reason}.`);
        else this.#options.onNotForwarded(`${target.name} ${reason}`, eventId);
      },
    });
    this.#senders.push(sender);
  }

  #countGivenUp(target: OutboxTarget, reason: 'refused' | GivenUp['reason'], count: number): void {
    this.givenUp.add({ ...labelsOf(target), reason }, count);
  }

  async #stayRegistered(): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    while (!signal.aborted) {
      await stopwatch.sleep(SERVED_EVERY_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      // Also where jobs are off.
      await Promise.allSettled([this.register(), this.giveUp()]);
    }
  }

  /** Returns the event of a row as Wise sent it; null if it was deleted, or is not chosen by the filter. */
  async #eventOf({ eventId }: Waiting): Promise<Message | null> {
    const event = eventId === null ? null : await this.#ctx.journal.findDelivery(eventId);
    if (event === null || !this.#options.choice.isChosen(event)) return null;
    return { headers: deliveryHeaders(event), body: event.body };
  }
}

/** Returns the labels of a target in metrics. */
export function labelsOf({ kind, name }: OutboxTarget): { target: string; kind: string } {
  return { target: name, kind };
}

function noticeOf(notice: string | null): Message | null {
  return notice === null
    ? null
    : { headers: { 'content-type': 'application/json' }, body: Buffer.from(notice) };
}

const REASONS: Readonly<Record<GivenUp['reason'], string>> = {
  age: 'they waited for 14 days',
  number: 'over 100,000 newer ones wait',
};

function givenUpText({ kind, name, reason, count, since, until }: GivenUp): string {
  const what = counted(count, kind);
  const text = `${what} for ${name} given up: ${REASONS[reason]}.`;
  if (kind === 'notice') return text;
  const list = `kioskctl events list --since ${utcTime(since)} --until ${utcTime(until + 1)} --limit ${count} -q`;
  return `${text} Send them again: kioskctl events replay $(${list}) --to <URL>`;
}
