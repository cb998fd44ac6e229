import { isUnsettled } from '../domain/attempt.ts';
import { name } from '../domain/card.ts';
import { Outage } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/events/event.ts';
import { isNews, type Told, whatEventsTell } from '../domain/events/event-news.ts';
import type { ReadOptions } from '../wise/client.ts';
import type { Context } from './context.ts';
import type { Source, Subject } from './each-card.ts';
import { learn } from './learn.ts';
import type { ListenerCheck } from './listener-check.ts';
import type { Observation } from './observe.ts';
import { GROWTH } from './poll.ts';

/** The pause between two looks into the journal, in milliseconds. */
const JOURNAL_PAUSE_MS = 20;

/** How often the API is looked at while the events of a listener are waited for. */
const CALM_MS = 60_000;

/** What an attempt comes to by the result that an event tells. */
const OUTCOMES = new Map([
  ['PRODUCED', 'produced'],
  ['PRODUCTION_ERROR', 'failed'],
]);

export interface FollowOptions {
  listener: ListenerCheck;
  /** Milliseconds since the epoch; null for ever. The last look before it is one at the API. */
  deadline: number | null;
  /** The card was seen right before: the first step needs no look while events tell. */
  isSeen?: boolean | undefined;
}

/**
 * Follows one card, step by step. Without a listener each step is a look at the API. With one, a step reads the journal,
 * and looks at the API only at the start, every minute, at the deadline, and when events don't decide by themselves.
 */
export class CardFollower {
  readonly #ctx: Context;
  readonly #subject: Subject;
  readonly #options: FollowOptions;
  /** All events of the card, and whose they are: an order's card may become known on the way. */
  #events: KeptEvent[] = [];
  #eventsOf = '';
  /** How many of them were there before the first look, which covers them. */
  #covered = 0;
  #nextLookAt = Number.NEGATIVE_INFINITY;
  #pause = 0;
  #failure: unknown = null;
  #source: Source = 'api';
  #isOnJournal = false;

  constructor(ctx: Context, subject: Subject, options: FollowOptions) {
    this.#ctx = ctx;
    this.#subject = subject;
    this.#options = options;
  }

  /** What showed the card as it is now. */
  get source(): Source {
    return this.#source;
  }

  /** The pause until the next step, in milliseconds; null for the usual one. */
  get pause(): number | null {
    return this.#isOnJournal ? JOURNAL_PAUSE_MS : null;
  }

  /** @throws what looking throws, also while a failed look is not due again */
  async step(read: ReadOptions): Promise<Observation> {
    this.#isOnJournal = await this.#options.listener.isOnJournal();
    if (!this.#isOnJournal) return this.#look(read);
    const news = await this.#readNews();
    const told = news.length > 0 ? await this.#takeOver() : null;
    if (told) return told;
    if (this.#hasNews(news)) this.#lookSoon();
    if (this.#isDue()) {
      const seen = await this.#look(read);
      return (await this.#takeOver()) ?? seen;
    }
    const { latest } = this.#subject;
    if (latest === null || this.#failure !== null) throw this.#failure;
    return latest;
  }

  async #look(read: ReadOptions): Promise<Observation> {
    try {
      const seen = await this.#subject.observe(read);
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

  /** The events that came since the last step; all of them, once it becomes known of which card they are. */
  async #readNews(): Promise<KeptEvent[]> {
    const { cardToken, orderId } = this.#subject.target;
    const card = { cardToken, orderId };
    const of = JSON.stringify(card);
    const isFirst = of !== this.#eventsOf;
    if (isFirst) {
      this.#events = [];
      this.#eventsOf = of;
      if (!this.#options.isSeen) this.#lookSoon();
    }
    const afterId = this.#events.at(-1)?.id ?? 0;
    const news = await this.#ctx.journal.listEvents({ card, afterId });
    this.#events.push(...news);
    if (isFirst && this.#options.isSeen) this.#planNextLook();
    else if (isFirst) this.#covered = this.#events.length;
    return news;
  }

  /**
   * Takes over what the events tell beyond doubt, by the same way as what a look shows: the journal learns from it.
   * @returns null when they don't decide, or the attempt is not the one any more that was seen
   */
  async #takeOver(): Promise<Observation | null> {
    const { latest, target } = this.#subject;
    const told = latest && whatEventsTell(latest.facts, this.#events);
    const { profileId, orderId, cardToken } = target;
    if (!told || cardToken === null) return null;
    const current = await this.#ctx.journal.latestAttempt(cardToken);
    const known = latest.facts.attempt;
    const { production } = told;
    // Another process may have learned it first, from a look at the API: that says the same.
    const isAsKnown =
      current?.outcome === known?.outcome || current?.outcome === OUTCOMES.get(production.status);
    if (current?.id !== known?.id || !isAsKnown) return null;
    const lookedAt = this.#ctx.clock.now();
    const attempt = await learn(this.#ctx, { profileId, orderId, cardToken, production, lookedAt });
    if (attempt?.id !== known?.id) return null;
    this.#subject.update({ production, attempt });
    this.#say(told);
    return this.#subject.latest;
  }

  #say({ production, event }: Told): void {
    this.#source = 'event';
    this.#failure = null;
    this.#planNextLook();
    this.#ctx.report.note(`Card ${name(this.#subject.card)}: ${production.status}, says event ${event.id}.`);
  }

  #hasNews(events: readonly KeptEvent[]): boolean {
    const { latest } = this.#subject;
    return latest !== null && events.some((event) => isNews(latest.facts, event));
  }

  #lookSoon(): void {
    this.#pause = this.#ctx.timing.firstPause;
    this.#nextLookAt = Number.NEGATIVE_INFINITY;
  }

  #isDue(): boolean {
    const now = this.#ctx.clock.now();
    const { deadline } = this.#options;
    return now >= this.#nextLookAt || (deadline !== null && deadline - now <= JOURNAL_PAUSE_MS);
  }

  /** Is the end of the attempt still to be seen, or to be confirmed? */
  #isUncertain(): boolean {
    const { latest } = this.#subject;
    if (!latest) return false;
    const { attempt } = latest.facts;
    return isUnsettled(attempt) || (attempt?.outcome === 'failed' && latest.card.stage !== 'failed');
  }

  /**
   * A calm card is looked at once a minute. One whose request got no answer yet, whose end is not confirmed, or that can't
   * be read, at the usual pace; one of which an event says more than the API shows, less and less often.
   */
  #planNextLook(): void {
    const { firstPause, interval } = this.#ctx.timing;
    const isPressing = this.#failure !== null || this.#isUncertain();
    const asked = this.#failure instanceof Outage ? (this.#failure.retryAfter ?? 0) : 0;
    const now = this.#ctx.clock.now();
    if (!isPressing && !this.#hasNews(this.#events.slice(this.#covered))) {
      this.#pause = firstPause;
      this.#nextLookAt = now + CALM_MS;
      return;
    }
    this.#nextLookAt = now + Math.max(asked, this.#pause);
    this.#pause = Math.min(this.#pause * GROWTH, isPressing ? interval : CALM_MS);
  }
}
