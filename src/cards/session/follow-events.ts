import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import type { JournalChanges } from '../../context/journal-changes.ts';
import type { ListenerCheck } from '../../context/listener-state.ts';
import { ReadSchedule } from '../../context/poll.ts';
import { isUnsettled } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { Outage } from '../../domain/errors/failure.ts';
import type { KeptEvent } from '../../domain/event.ts';
import type { EventCursor } from '../../journal/journal.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { applyOrder, applyProduction } from './apply-event.ts';
import { isNews, isReported, orderByEvents, productionByEvents } from './event-news.ts';
import type { Observation } from './read-card.ts';
import type { CardSession, Source } from './session.ts';

interface FollowOptions {
  listener: ListenerCheck;
  /** null for no deadline. At the deadline, the API is read once more. */
  deadline: Reading | null;
  /** True if the card was just read, so that the first step needs no read. */
  isSeen?: boolean | undefined;
  /** Returns the milliseconds until the usual end of the wait; null if it is unknown. */
  usualEnd?: () => number | null;
}

/**
 * Follows one card in steps. A first step reads nothing if the card was just read. Without a listener, every other step
 * reads the API. With a listener, a step reads the journal. Such a step also reads the API at the start, at the deadline,
 * if the events are inconclusive, and once a minute; but in the pauses of a poll while no event has reported the state of
 * the card, because a running listener may receive nothing, or nothing about this card.
 */
export class CardFollower {
  readonly #ctx: Context;
  readonly #session: CardSession;
  readonly #options: FollowOptions;
  /** All events of the order, or of its card once the card is known. */
  #events: KeptEvent[] = [];
  #eventsOf = '';
  /** Cursor of the last event that was read. */
  #readTo: EventCursor | null = null;
  /**
   * Number of events that arrived before the first read of the API. They are no reason to read again, because that read
   * shows their effects.
   */
  #covered = 0;
  /** True if the card's token came from an event, so that it is not a reason to read the API. */
  #hasTokenOfEvent = false;
  readonly #schedule: ReadSchedule;
  #failure: unknown = null;
  #source: Source = 'api';
  #isOnJournal = false;
  #hasStarted = false;

  constructor(ctx: Context, session: CardSession, options: FollowOptions) {
    this.#ctx = ctx;
    this.#session = session;
    this.#options = options;
    this.#schedule = new ReadSchedule(ctx, options);
  }

  /** The source of the card's current state. */
  get source(): Source {
    return this.#source;
  }

  /** True while the card is followed in the journal instead of the API. */
  get isOnJournal(): boolean {
    return this.#isOnJournal;
  }

  /**
   * Returns a function that pauses until the journal changes or the next read of the API is due; null if only the API
   * is read.
   */
  pauseOf(changes: JournalChanges): ((longest: number) => Promise<void>) | null {
    return this.#isOnJournal ? async (longest) => changes.sleep(Math.min(longest, this.untilRead)) : null;
  }

  /** True while events report the changes of the card, so that the API is rarely read. */
  get isCalm(): boolean {
    if (!this.#isOnJournal || this.#isPressing() || this.#hasUncoveredNews()) return false;
    const { listener } = this.#options;
    if (listener.via === 'journal') return true;
    const { latest } = this.#session;
    const { since } = listener;
    return latest !== null && since !== null && isReported(latest.facts, { events: this.#events, since });
  }

  /** Milliseconds until the next read of the API. */
  get untilRead(): number {
    return this.#schedule.left(this.isCalm);
  }

  /** Performs a step. @throws the error of the last read of the API, also in later steps that read nothing */
  async step(read: ReadOptions): Promise<Observation> {
    this.#isOnJournal = await this.#options.listener.isOnJournal();
    if (!this.#isOnJournal) return this.#justSeen() ?? this.#readApi(read);
    const news = await this.#readNews();
    const applied = news.length > 0 ? await this.#applyEvents() : null;
    // Once an event has named the card of an order, the journal may already have events of that card.
    if (applied) return this.#hasTokenOfEvent ? this.step(read) : applied;
    if (this.#hasNews(news)) this.#schedule.readSoon();
    if (this.#isDue()) {
      const seen = await this.#readApi(read);
      return (await this.#applyEvents()) ?? seen;
    }
    const { latest } = this.#session;
    if (latest === null || this.#failure !== null) throw this.#failure;
    return latest;
  }

  /** Returns the observation that the wait started with, once, if it is recent and there is time for another one. */
  #justSeen(): Observation | null {
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    if (!isFirst || !this.#isSeen() || this.#ctx.stopwatch.until(this.#options.deadline) <= 0) return null;
    return this.#session.latest;
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

  /** Returns the events since the last step; all events of the card, if its token has just become known. */
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
      if (!isSeen) this.#schedule.readSoon();
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

  /**
   * Applies the order status and the production that events prove. @returns the new state; null if nothing is proven
   */
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

  /** True if the first step needs no read. An order in PLACED whose requirements are unknown is always read. */
  #isSeen(): boolean {
    const facts = this.#session.latest?.facts;
    if (!facts || !this.#options.isSeen) return false;
    return facts.orderStatus !== 'PLACED' || facts.requirements !== null;
  }

  #hasNews(events: readonly KeptEvent[]): boolean {
    const { latest } = this.#session;
    return latest !== null && events.some((event) => isNews(latest.facts, event));
  }

  #isDue(): boolean {
    const { stopwatch } = this.#ctx;
    return this.untilRead === 0 || stopwatch.until(this.#options.deadline) <= 0;
  }

  /** True if the last read failed, or if the result of the attempt is unknown or not confirmed by the API. */
  #isPressing(): boolean {
    if (this.#failure !== null) return true;
    const { latest } = this.#session;
    if (!latest) return false;
    const { attempt } = latest.facts;
    return isUnsettled(attempt) || (attempt?.outcome === 'failed' && latest.card.stage !== 'failed');
  }

  /** True while an event reports more than the API shows. */
  #hasUncoveredNews(): boolean {
    return this.#hasNews(this.#events.slice(this.#covered));
  }

  #planNextRead(): void {
    const asked = this.#failure instanceof Outage ? (this.#failure.retryAfter ?? 0) : 0;
    this.#schedule.plan({ isPressing: this.#isPressing(), hasNews: this.#hasUncoveredNews(), asked });
  }
}
