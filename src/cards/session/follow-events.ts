import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import type { ListenerCheck } from '../../context/listener-state.ts';
import { GROWTH } from '../../context/poll.ts';
import { isUnsettled } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { Outage } from '../../domain/errors/failure.ts';
import type { KeptEvent } from '../../domain/event.ts';
import type { EventCursor } from '../../journal/journal.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { applyOrderEvent, applyProductionEvent } from './apply-event.ts';
import { isNews, whatEventsTell, whatEventsTellOfOrder } from './event-news.ts';
import type { Observation } from './read-card.ts';
import type { CardSession, Source } from './session.ts';

/** The pause between two reads of the journal, in milliseconds. */
const JOURNAL_PAUSE_MS = 20;

/** The polling interval while waiting for events of a listener. */
const CALM_MS = 60_000;

export interface FollowOptions {
  listener: ListenerCheck;
  /** Null without a limit. The last read before it is one from the API. */
  deadline: Reading | null;
  /** The card was read right before: while a listener is running, the first step needs no read. */
  isSeen?: boolean | undefined;
}

/**
 * Follows one card, step by step. Without a listener each step reads the API. With one, a step reads the journal,
 * and the API only at the start (unless the card was just read), every minute, at the deadline, and when events don't
 * decide by themselves.
 */
export class CardFollower {
  readonly #ctx: Context;
  readonly #session: CardSession;
  readonly #options: FollowOptions;
  /** All events of the card, and whose they are: an order's card may become known on the way. */
  #events: KeptEvent[] = [];
  #eventsOf = '';
  /** Up to which event of the journal they were read. */
  #readTo: EventCursor | null = null;
  /** The number of events before the first read, which covers them. */
  #covered = 0;
  /** The token came from an event, so only newer events of the card need a read. */
  #isTold = false;
  /** When the API is read next; null for immediately. */
  #nextLookAt: Reading | null = null;
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

  /** The pause until the next step, in milliseconds; null for the usual one. */
  get pause(): number | null {
    return this.#isOnJournal ? JOURNAL_PAUSE_MS : null;
  }

  /** @throws the error of a read, also while the next read is not due */
  async step(read: ReadOptions): Promise<Observation> {
    this.#isOnJournal = await this.#options.listener.isOnJournal();
    if (!this.#isOnJournal) return this.#look(read);
    const news = await this.#readNews();
    const told = news.length > 0 ? await this.#takeOver() : null;
    // Of an order whose card became known, the events of the card may be there already.
    if (told) return this.#isTold ? this.step(read) : told;
    if (this.#hasNews(news)) this.#lookSoon();
    if (this.#isDue()) {
      const seen = await this.#look(read);
      return (await this.#takeOver()) ?? seen;
    }
    const { latest } = this.#session;
    if (latest === null || this.#failure !== null) throw this.#failure;
    return latest;
  }

  async #look(read: ReadOptions): Promise<Observation> {
    try {
      const seen = await this.#session.read(read);
      this.#failure = null;
      this.#source = 'api';
      return seen;
    } catch (error) {
      this.#failure = error;
      throw error;
    } finally {
      this.#planNextLook();
    }
  }

  /** Returns the events since the last step; all of them once the token of an order's card is known. */
  async #readNews(): Promise<KeptEvent[]> {
    const { cardToken, orderId } = this.#session.identity;
    const card = { cardToken, orderId };
    const of = JSON.stringify(card);
    const isFirst = of !== this.#eventsOf;
    const isSeen = this.#isTold || this.#isSeen();
    if (isFirst) {
      this.#events = [];
      this.#eventsOf = of;
      this.#isTold = false;
      if (!isSeen) this.#lookSoon();
    }
    const { journal } = this.#ctx;
    const { upTo, isQuiet } = await journal.newsOf(card, this.#readTo);
    this.#readTo = upTo;
    if (isQuiet && !isFirst) return [];
    const news = await journal.listEvents({ card, afterId: this.#events.at(-1)?.id ?? 0 });
    this.#events.push(...news);
    if (isFirst) this.#covered = isSeen ? 0 : this.#events.length;
    if (isFirst && isSeen) this.#planNextLook();
    return news;
  }

  /** Applies the progress of the order and the production that events prove. */
  async #takeOver(): Promise<Observation | null> {
    const sayings = [await this.#applyOrderEvent(), await this.#applyProductionEvent()].filter(
      (one) => one !== null,
    );
    if (sayings.length === 0) return null;
    this.#source = 'event';
    this.#failure = null;
    this.#planNextLook();
    for (const saying of sayings) this.#ctx.report.note(saying);
    return this.#session.latest;
  }

  async #applyOrderEvent(): Promise<string | null> {
    const { latest, identity } = this.#session;
    const told = latest && whatEventsTellOfOrder(latest.facts, this.#events);
    if (!told) return null;
    const isOther = told.cardToken !== identity.cardToken;
    if (!(await applyOrderEvent(this.#ctx, this.#session, told))) return null;
    if (isOther) this.#isTold = true;
    return `Order ${identity.orderId}: ${told.orderStatus}, says event ${told.event.id}.`;
  }

  async #applyProductionEvent(): Promise<string | null> {
    const { latest } = this.#session;
    const told = latest && whatEventsTell(latest.facts, this.#events);
    if (!told || !(await applyProductionEvent(this.#ctx, this.#session, told))) return null;
    return `Card ${cardLabel(this.#session.card)}: ${told.production.status}, says event ${told.event.id}.`;
  }

  /** Was the card seen right before? What an order in PLACED waits for has to be named at once. */
  #isSeen(): boolean {
    const facts = this.#session.latest?.facts;
    if (!facts || !this.#options.isSeen) return false;
    return facts.orderStatus !== 'PLACED' || facts.requirements !== null;
  }

  #hasNews(events: readonly KeptEvent[]): boolean {
    const { latest } = this.#session;
    return latest !== null && events.some((event) => isNews(latest.facts, event));
  }

  #lookSoon(): void {
    this.#pause = this.#ctx.timing.firstPause;
    this.#nextLookAt = null;
  }

  #isDue(): boolean {
    const { stopwatch } = this.#ctx;
    const isDue = this.#nextLookAt === null || stopwatch.until(this.#nextLookAt) <= 0;
    return isDue || stopwatch.until(this.#options.deadline) <= JOURNAL_PAUSE_MS;
  }

  /** True if the end of the attempt is unknown or unconfirmed. */
  #isUncertain(): boolean {
    const { latest } = this.#session;
    if (!latest) return false;
    const { attempt } = latest.facts;
    return isUnsettled(attempt) || (attempt?.outcome === 'failed' && latest.card.stage !== 'failed');
  }

  /**
   * A calm card is read once a minute. One whose request got no answer yet, whose end is not confirmed, or that can't
   * be read, at the usual pace; one of which an event says more than the API shows, less and less often.
   */
  #planNextLook(): void {
    const { firstPause, interval } = this.#ctx.timing;
    const isPressing = this.#failure !== null || this.#isUncertain();
    const asked = this.#failure instanceof Outage ? (this.#failure.retryAfter ?? 0) : 0;
    const { stopwatch } = this.#ctx;
    if (!isPressing && !this.#hasNews(this.#events.slice(this.#covered))) {
      this.#pause = firstPause;
      this.#nextLookAt = stopwatch.after(CALM_MS);
      return;
    }
    this.#nextLookAt = stopwatch.after(Math.max(asked, this.#pause));
    this.#pause = Math.min(this.#pause * GROWTH, isPressing ? interval : CALM_MS);
  }
}
