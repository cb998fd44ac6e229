import pMap from 'p-map';
import type { Context } from '../../context/context.ts';
import { type Card, type CardFacts, describeCard } from '../../domain/card.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { asFailure, type Failure } from '../../domain/errors/failure.ts';
import { formatReference } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import { type CardResult, outcomeOf } from '../../domain/results.ts';
import type { CardOrder } from '../../wire/orders.ts';
import type { ReadOptions } from '../../wise/client.ts';
import { type Observation, observe, observeOrder, unseenCard } from './read-card.ts';
import type { Target } from './resolve-cards.ts';

/** One card while a command works on it: remembers what was seen last, so that an error can still show the card. */
export class Subject {
  readonly #ctx: Context;
  readonly target: Target;
  #latest: Observation | null = null;
  #recalled: Card | null = null;
  #lookedAt: number | null = null;
  #deadline: number | null;
  /** When the command began with it, in milliseconds since the epoch. */
  readonly startedAt: number;
  /** The cards that this command sent already. */
  readonly #sent: Set<string>;
  /** What ended the wait for it, if there was one. */
  via: Source | null = null;
  /** Looks at it cost one request each: see `Look`. */
  isLean = false;
  /** Told of the card each time that more is known of it. */
  watch: ((card: Card) => void) | null = null;

  constructor(ctx: Context, target: Target, sent = new Set<string>()) {
    this.#ctx = ctx;
    this.target = target;
    this.#sent = sent;
    const { timeout } = ctx.timing;
    this.startedAt = ctx.clock.now();
    this.#deadline = timeout === null ? null : this.startedAt + timeout;
  }

  /** The same card in the next step of several: what was seen stays, its time begins anew, and it may be sent again. */
  again(ctx: Context): Subject {
    const next = new Subject(ctx, this.target);
    next.#latest = this.#latest;
    next.#lookedAt = this.#lookedAt;
    next.isLean = this.isLean;
    next.watch = this.watch;
    return next;
  }

  /** Milliseconds since the epoch; null for ever. */
  get deadline(): number | null {
    return this.#deadline;
  }

  get latest(): Observation | null {
    return this.#latest;
  }

  /** When the last look that saw something was made. */
  get lookedAt(): number | null {
    return this.#lookedAt;
  }

  get card(): Card {
    return this.#latest?.card ?? this.#recalled ?? unseenCard(this.#ctx, this.target);
  }

  /** Asks a person something about the card; the time for the answer is not the command's. */
  async ask(question: string): Promise<boolean> {
    const { ask, clock } = this.#ctx;
    const asked = clock.now();
    const answer = await ask.confirm(question, { flag: '--yes' });
    if (this.#deadline !== null) this.#deadline += clock.now() - asked;
    return answer;
  }

  /** Where nothing could be seen, what the journal knows of the card is shown. */
  async recall(): Promise<void> {
    if (this.#latest) return;
    const { journal } = this.#ctx;
    const known = await journal.findCard(this.target);
    const target = {
      ...this.target,
      orderId: this.target.orderId ?? known?.orderId ?? null,
      cardToken: this.target.cardToken ?? known?.cardToken ?? null,
    };
    const attempt = target.cardToken === null ? null : await journal.latestAttempt(target.cardToken);
    this.#recalled = unseenCard(this.#ctx, target, attempt);
  }

  /** Takes the card's turn to be sent in this command. @returns false for one that had it, under another name */
  takeTurn(cardToken: string): boolean {
    if (this.#sent.has(cardToken)) return false;
    this.#sent.add(cardToken);
    return true;
  }

  /** Takes over what an answer said, without another look. */
  update(news: Partial<CardFacts>): void {
    if (!this.#latest) return;
    const facts = { ...this.#latest.facts, ...news };
    this.#latest = { ...this.#latest, facts, card: describeCard(facts, this.#ctx.invocation) };
    this.watch?.(this.card);
  }

  #untilDeadline(): ReadOptions {
    if (this.deadline === null) return {};
    return { patience: Math.max(LAST_LOOK_MS, this.deadline - this.#ctx.clock.now()) };
  }

  /** Looks at the card, within the time that its command has. */
  async observe(read: ReadOptions = this.#untilDeadline()): Promise<Observation> {
    const orderedAt = this.#latest?.facts.orderedAt;
    const options = { ...read, isLean: this.isLean, orderedAt };
    return this.#keep(await observe(this.#ctx, this.target, options));
  }

  /**
   * Takes over what the answer to its order says. One that has a card already was made before, by the same key: that is
   * looked at.
   */
  async take(order: CardOrder): Promise<Observation> {
    this.target.orderId = order.id;
    if (order.cardToken !== null) return this.observe();
    return this.#keep(await observeOrder(this.#ctx, this.target, order));
  }

  #keep(seen: Observation): Observation {
    this.#latest = seen;
    this.#lookedAt = this.#ctx.clock.now();
    this.watch?.(seen.card);
    return seen;
  }
}

/** How long a look may take at the deadline itself, in milliseconds. */
const LAST_LOOK_MS = 1_000;

/** Where news of a card came from: a look at the API, or an event in the journal. */
export type Source = NonNullable<CardResult['via']>;

type Work = (subject: Subject) => Promise<boolean | void>;

export interface EachCardOptions {
  /** How many cards at once: 1 for acts, more for looks and waits. */
  concurrency: number;
  /** Cards that another run worked on before, to go on with. */
  subjects?: ReadonlyMap<Target, Subject>;
  /** Whether each profile's token is made sure of before the first card is touched. */
  authorizeFirst?: boolean;
}

/** Waits and looks go on side by side, as many as the vendor's limits bear easily. */
export const LOOKS_AT_ONCE = 8;

/**
 * Works on several cards, each to its own end: one that fails doesn't keep the others from going on. An interruption
 * stops what was not started.
 * @param work an act returns whether it changed anything, a look or a wait returns nothing; both throw a Failure
 */
export async function forEachCard(
  ctx: Context,
  {
    targets,
    concurrency,
    subjects,
    authorizeFirst = false,
  }: EachCardOptions & { targets: readonly Target[] },
  work: Work,
): Promise<CardResult[]> {
  const refused = authorizeFirst ? await findUnauthorized(ctx, targets) : new Map<number, Failure>();
  const sent = new Set<string>();
  return pMap(
    targets,
    async (target) => {
      const subject = subjects?.get(target) ?? new Subject(ctx, target, sent);
      if (target.passedOn) return { card: subject.card, outcome: 'skipped', ...target.passedOn };
      if (ctx.signal.aborted) return { card: subject.card, outcome: 'not-started', exitCode: null };
      const refusal = refused.get(target.profileId);
      if (refusal) return failed(subject, refusal);
      return runOne(subject, work);
    },
    { concurrency },
  );
}

async function runOne(subject: Subject, work: Work): Promise<CardResult> {
  try {
    const changed = await work(subject);
    const { card } = subject;
    if (typeof changed !== 'boolean') return { card, outcome: 'done', exitCode: 0, ...viaOf(subject) };
    return { card, outcome: changed ? 'done' : 'unchanged', exitCode: 0, changed, ...viaOf(subject) };
  } catch (error) {
    // A journal that can't be read has no more to say.
    await subject.recall().catch(() => undefined);
    return failed(subject, asFailure(error));
  }
}

function failed(subject: Subject, failure: Failure): CardResult {
  const { exitCode }: { exitCode: ExitCode } = failure;
  const error = failure.toDocument();
  // What the API doesn't know, it won't know the next time.
  const isNowhere = failure.code === 'not-found' && subject.latest === null;
  const card = isNowhere ? { ...subject.card, next: null, nextArgv: null } : subject.card;
  if (isInterruption(failure) && card.next) error.hint = `It may still be going on. Go on with: ${card.next}`;
  return { card, outcome: outcomeOf(error, exitCode), exitCode, ...viaOf(subject), error };
}

function viaOf({ via }: Subject): Pick<CardResult, 'via'> {
  return via === null ? {} : { via };
}

function isInterruption({ code }: Failure): boolean {
  return code === 'interrupted' || code === 'terminated';
}

/** The command that shows where a card stands. */
export function statusOf({ invocation }: Context, { card }: Subject): string {
  return commandLine(['status', formatReference(card)], invocation);
}

/** Makes sure of the token of each profile, once. @returns why there is none, by profile */
export async function findUnauthorized(
  ctx: Context,
  targets: readonly { profileId: number }[],
): Promise<Map<number, Failure>> {
  const refused = new Map<number, Failure>();
  const authorize = async (profileId: number) => {
    try {
      await ctx.authorize(profileId);
    } catch (error) {
      refused.set(profileId, asFailure(error));
    }
  };
  await pMap(new Set(targets.map(({ profileId }) => profileId)), authorize, { concurrency: LOOKS_AT_ONCE });
  return refused;
}
