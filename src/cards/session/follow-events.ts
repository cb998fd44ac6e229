import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import type { JournalChanges } from '../../context/journal-changes.ts';
import type { ListenerCheck } from '../../context/listener-state.ts';
import { GROWTH } from '../../context/poll.ts';
import { isUnsettled } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { Outage } from '../../domain/errors/failure.ts';
import type { KeptEvent } from '../../domain/event.ts';
import type { EventCursor } from '../../journal/journal.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { applyOrder, applyProduction } from './apply-event.ts';
import { isNews, orderByEvents, productionByEvents } from './event-news.ts';
import type { Observation } from './read-card.ts';
import type { CardSession, Source } from './session.ts';

/** The polling interval while waiting for events of a listener. */
const CALM_MS = 60_000;

interface FollowOptions {
  listener: ListenerCheck;
  /** Null without a limit. The last read before it is one from the API. */
  deadline: Reading | null;
  /** The card was read right before: while a listener is running, the first step needs no read. */
  isSeen?: boolean | undefined;
}

/**
 * Follows one card, step by step. Without a listener, each step reads the API. While a listener is running, a step reads
 * the journal, and the API only at the start (unless the card was just read), every minute, at the deadline, and when
 * events prove nothing.
 */
export class CardFollower {
  readonly #ctx: Context;
  readonly #session: CardSession;
  readonly #options: FollowOptions;
  /** The card's events, and the ids they were queried by, which change once an order gets its card. */
  #events: KeptEvent[] = [];
  #eventsOf = '';
  /** The place in the journal up to which the events were read. */
  #readTo: EventCursor | null = null;
  /** The number of events that arrived before the first read of the API: that read shows what they reported. */
  #covered = 0;
  /** True if the token came from an event: then only newer events of the card need a read. */
  #hasTokenOfEvent = false;
  /** When the API is read next; null for immediately. */
  #nextReadAt: Reading | null = null;
  #pause = 0;
  #failure: unknown = null;
  #source: Source = 'api';
  #isOnJournal = false;

  constructor(ctx: Context, session: CardSession, options: FollowOptions) {
    this.#ctx = ctx;
    this.#session = session;
    this.#options = options;
  }

  /** The source of the current state of the card. */
  get source(): Source {
    return this.#source;
  }

  /** True while it reads the journal. */
  get isOnJournal(): boolean {
    return this.#isOnJournal;
  }

  /** Returns the pause until a change of the journal, or the next read of the API; null while it reads the API only. */
  pauseOf(changes: JournalChanges): ((longest: number) => Promise<void>) | null {
    return this.#isOnJournal ? async (longest) => changes.sleep(Math.min(longest, this.untilRead)) : null;
  }

  /** Milliseconds until the API is read next. */
  get untilRead(): number {
    return this.#nextReadAt === null ? 0 : Math.max(0, this.#ctx.stopwatch.until(this.#nextReadAt));
  }

  /** @throws the error of a read, also while the next read is not due */
  async step(read: ReadOptions): Promise<Observation> {
    this.#isOnJournal = await this.#options.listener.isOnJournal();
    if (!this.#isOnJournal) return this.#readApi(read);
    const news = await this.#readNews();
    const applied = news.length > 0 ? await this.#applyEvents() : null;
    // Once an event has named the card of an order, the events of that card may be there already.
    if (applied) return this.#hasTokenOfEvent ? this.step(read) : applied;
    if (this.#hasNews(news)) this.#readSoon();
    if (this.#isDue()) {
      const seen = await this.#readApi(read);
      return (await this.#applyEvents()) ?? seen;
    }
    const { latest } = this.#session;
    if (latest === null || this.#failure !== null) throw this.#failure;
    return latest;
  }

  async #readApi(read: ReadOptions): Promise<Observation> {
    try {
      const seen = await this.#session.read(read);
      this.#failure = null;
      this.#source = 'api';
      return seen;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#planNextRead();
    }
  }

  /** Returns the events since the last step; all of them once the token of an order's card is known. */
  async #readNews(): Promise<KeptEvent[]> {
    const { cardToken, orderId } = this.#session.identity;
    const card = { cardToken, orderId };
    const of = JSON.stringify(card);
    const isFirst = of !== this.#eventsOf;
    const isSeen = this.#hasTokenOfEvent || this.#isSeen();
    if (isFirst) {
      this.#events = [];
      this.#eventsOf = of;
      this.#hasTokenOfEvent = false;
      if (!isSeen) this.#readSoon();
    }
    const { journal } = this.#ctx;
    const { upTo, isQuiet } = await journal.newsOf(card, this.#readTo);
    this.#readTo = upTo;
    if (isQuiet && !isFirst) return [];
    const news = await journal.listEvents({ card, afterId: this.#events.at(-1)?.id ?? 0 });
    this.#events.push(...news);
    if (isFirst) this.#covered = isSeen ? 0 : this.#events.length;
    if (isFirst && isSeen) this.#planNextRead();
    return news;
  }

  /** Applies the progress of the order and the production that events prove. */
  async #applyEvents(): Promise<Observation | null> {
    const notes = [await this.#applyOrder(), await this.#applyProduction()].filter((note) => note !== null);
    if (notes.length === 0) return null;
    this.#source = 'event';
    this.#failure = null;
    this.#planNextRead();
    for (const note of notes) this.#ctx.report.note(note);
    return this.#session.latest;
  }

  async #applyOrder(): Promise<string | null> {
    const { latest, identity } = this.#session;
    const proven = latest && orderByEvents(latest.facts, this.#events);
    if (!proven) return null;
    const isOther = proven.cardToken !== identity.cardToken;
    if (!(await applyOrder(this.#ctx, this.#session, proven))) return null;
    if (isOther) this.#hasTokenOfEvent = true;
    return `Order ${identity.orderId}: ${proven.orderStatus} (event ${proven.event.id}).`;
  }

  async #applyProduction(): Promise<string | null> {
    const { latest } = this.#session;
    const proven = latest && productionByEvents(latest.facts, this.#events);
    if (!proven || !(await applyProduction(this.#ctx, this.#session, proven))) return null;
    return `Card ${cardLabel(this.#session.card)}: ${proven.production.status} (event ${proven.event.id}).`;
  }

  /** True if the first step needs no read. An order in PLACED is read if its requirements are not known yet. */
  #isSeen(): boolean {
    const facts = this.#session.latest?.facts;
    if (!facts || !this.#options.isSeen) return false;
    return facts.orderStatus !== 'PLACED' || facts.requirements !== null;
  }

  #hasNews(events: readonly KeptEvent[]): boolean {
    const { latest } = this.#session;
    return latest !== null && events.some((event) => isNews(latest.facts, event));
  }

  #readSoon(): void {
    this.#pause = this.#ctx.timing.firstPause;
    this.#nextReadAt = null;
  }

  #isDue(): boolean {
    const { stopwatch } = this.#ctx;
    return this.untilRead === 0 || stopwatch.until(this.#options.deadline) <= 0;
  }

  /** True if the end of the attempt is unknown or unconfirmed. */
  #isUncertain(): boolean {
    const { latest } = this.#session;
    if (!latest) return false;
    const { attempt } = latest.facts;
    return isUnsettled(attempt) || (attempt?.outcome === 'failed' && latest.card.stage !== 'failed');
  }

  /**
   * Plans the next read of the API: in a minute for a calm card; at the usual pace if the last read failed, or the result of
   * the attempt is unknown or unconfirmed; less and less often if an event reports more than the API shows.
   */
  #planNextRead(): void {
    const { firstPause, interval } = this.#ctx.timing;
    const isPressing = this.#failure !== null || this.#isUncertain();
    const asked = this.#failure instanceof Outage ? (this.#failure.retryAfter ?? 0) : 0;
    const { stopwatch } = this.#ctx;
    if (!isPressing && !this.#hasNews(this.#events.slice(this.#covered))) {
      this.#pause = firstPause;
      this.#nextReadAt = stopwatch.after(CALM_MS);
      return;
    }
    this.#nextReadAt = stopwatch.after(Math.max(asked, this.#pause));
    this.#pause = Math.min(this.#pause * GROWTH, isPressing ? interval : CALM_MS);
  }
}
