import type { Reading } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { budgetOf } from '../../context/poll.ts';
import { isUnsettled } from '../../domain/attempt.ts';
import { type Card, type CardFacts, describeCard } from '../../domain/card.ts';
import { isOfSignal } from '../../domain/errors/exit-codes.ts';
import type { Failure } from '../../domain/errors/failure.ts';
import { outcomeUnknown } from '../../domain/guards.ts';
import { type CardIdentity, type CardToken, formatReference, identityOf } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import type { CardResult } from '../../domain/results.ts';
import type { CardOrder } from '../../wire/orders.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { type Observation, readAnswer, readCard, unseenCard } from './read-card.ts';
import type { CardRequest } from './resolve-cards.ts';

/** The source of a card's state: a read of the API, or an event in the journal. */
export type Source = NonNullable<CardResult['via']>;

type Listener = (card: Card) => void;

/**
 * The state of one card while a command processes it. Only `read` (reads the API and reconciles the journal) and
 * `apply` change the state. The last observation is stored, so that errors can show the card.
 */
export class CardSession {
  readonly request: CardRequest;
  /** Time at which the command started with the card. */
  readonly startedAt: Reading;
  readonly #ctx: Context;
  /** Tokens of the cards that this command sent. */
  readonly #sent: Set<string>;
  readonly #listeners: Listener[] = [];
  #identity: CardIdentity;
  #isOrderSearched = false;
  #needsOnlyProduction = false;
  #latest: Observation | null = null;
  #fromJournal: Card | null = null;
  #readAt: Reading | null = null;
  #deadline: Reading | null;
  #via: Source | null = null;

  constructor(ctx: Context, request: CardRequest, sent = new Set<string>()) {
    this.#ctx = ctx;
    this.request = request;
    this.#identity = identityOf(request);
    this.#sent = sent;
    const { timeout } = ctx.timing;
    this.startedAt = ctx.stopwatch.now();
    this.#deadline = timeout === null ? null : this.startedAt.plus(timeout);
  }

  /** Returns a session for the next step: same observation, new deadline, and the card may be sent again. */
  forNextStep(ctx: Context): CardSession {
    const next = new CardSession(ctx, { ...this.request, ...this.#identity });
    next.#isOrderSearched = this.#isOrderSearched;
    next.#latest = this.#latest;
    next.#readAt = this.#readAt;
    next.#listeners.push(...this.#listeners);
    return next;
  }

  /** The known ids of the card. */
  get identity(): CardIdentity {
    return this.#identity;
  }

  /** Deadline of the card; null for none. */
  get deadline(): Reading | null {
    return this.#deadline;
  }

  get latest(): Observation | null {
    return this.#latest;
  }

  /** Time of the last successful read; null before the first one. */
  get readAt(): Reading | null {
    return this.#readAt;
  }

  /** The source that ended the wait for the card; null if there was no wait. */
  get via(): Source | null {
    return this.#via;
  }

  get card(): Card {
    return this.#latest?.card ?? this.#fromJournal ?? unseenCard(this.#ctx, this.#identity);
  }

  /** Sets a listener for changes: after each read, and after each `apply`. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Sets whether reads fetch only the production, and use the journal for the order. */
  setNeedsOnlyProduction(needsOnlyProduction: boolean): void {
    this.#needsOnlyProduction = needsOnlyProduction;
  }

  setVia(via: Source | null): void {
    this.#via = via;
  }

  /** Returns the milliseconds until the deadline: negative after it, infinite for none. */
  readonly left = (): number => this.#ctx.stopwatch.until(this.#deadline);

  /** Returns the remaining time, as an option for requests and reads. */
  budget(): Required<Pick<ReadOptions, 'left'>> {
    return { left: budgetOf(this.#ctx.stopwatch, this.deadline) };
  }

  /** Prompts the user about the card. The deadline is extended by the time until the answer. */
  async ask(question: string): Promise<boolean> {
    const { ask, stopwatch } = this.#ctx;
    const asked = stopwatch.now();
    const answer = await ask.confirm(question, { flag: '--yes' });
    this.#deadline = this.#deadline?.plus(stopwatch.since(asked)) ?? null;
    return answer;
  }

  /** Reads the card from the API. */
  async read(options: ReadOptions = this.budget()): Promise<Observation> {
    return this.#keep(
      await readCard(this.#ctx, this.#identity, {
        ...options,
        needsOnlyProduction: this.#needsOnlyProduction,
        isOrderSearched: this.#isOrderSearched,
        orderedAt: this.#latest?.facts.orderedAt,
        identify: (news) => this.#identify(news),
      }),
    );
  }

  /** Applies facts that need no read, like the response to a request. */
  apply(news: Partial<CardFacts>): void {
    this.#identify(news);
    if (!this.#latest) return;
    const facts = { ...this.#latest.facts, ...news };
    this.#latest = { ...this.#latest, facts, card: describeCard(facts, this.#ctx.invocation) };
    this.#report();
  }

  /**
   * Applies the response to an order. If the order already has a card (after a repeated idempotency key), reads the
   * card.
   */
  async applyOrder(order: CardOrder): Promise<Observation> {
    this.#identify({ orderId: order.id });
    if (order.cardToken !== null) return this.read();
    return this.#keep(await readAnswer(this.#ctx, this.#identity, order));
  }

  /** Loads the card from the journal, for showing a card that could not be read. */
  async loadFromJournal(): Promise<void> {
    if (this.#latest) return;
    const { journal } = this.#ctx;
    const { profileId, orderId, cardToken } = this.#identity;
    const known = await journal.findCard(this.#identity);
    const identity = {
      profileId,
      orderId: orderId ?? known?.orderId ?? null,
      cardToken: cardToken ?? known?.cardToken ?? null,
    };
    const attempt = identity.cardToken === null ? null : await journal.latestAttempt(identity.cardToken);
    this.#fromJournal = unseenCard(this.#ctx, identity, attempt);
  }

  /** True if this command sent, or tried to send, the card to a kiosk. */
  get isSentByCommand(): boolean {
    return this.#identity.cardToken !== null && this.#sent.has(this.#identity.cardToken);
  }

  /**
   * Returns the failure to report for the card. After a signal, this is `outcome-unknown` if a request has no response.
   */
  explain(failure: Failure): Failure {
    const attempt = this.#latest?.facts.attempt ?? null;
    const isUnknown = isOfSignal(failure.exitCode) && this.isSentByCommand && isUnsettled(attempt);
    return isUnknown && attempt ? outcomeUnknown(this.card, attempt, { signal: failure }) : failure;
  }

  /**
   * Marks the card as sent by this command.
   * @returns false if it was marked already, because the user named it twice
   */
  markSentOnce(cardToken: CardToken): boolean {
    if (this.#sent.has(cardToken)) return false;
    this.#sent.add(cardToken);
    return true;
  }

  #keep(seen: Observation): Observation {
    this.#latest = seen;
    this.#readAt = this.#ctx.stopwatch.now();
    this.#report();
    return seen;
  }

  #identify(news: Partial<CardIdentity>): void {
    // A read without an order id has searched all orders.
    if (news.orderId === null) this.#isOrderSearched = true;
    this.#identity = identityOf({ ...this.#identity, ...news });
  }

  #report(): void {
    for (const listener of this.#listeners) listener(this.card);
  }
}

/** Returns the command that shows the status of a card. */
export function statusOf({ invocation }: Context, { card }: CardSession): string {
  return commandLine(['status', formatReference(card)], invocation);
}
