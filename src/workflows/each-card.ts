import pMap from 'p-map';
import { type Card, type CardFacts, describeCard } from '../domain/card.ts';
import type { ExitCode } from '../domain/exit-codes.ts';
import { asFailure, type Failure } from '../domain/failure.ts';
import { type CardResult, outcomeOf } from '../domain/results.ts';
import type { ReadOptions } from '../wise/client.ts';
import type { Context } from './context.ts';
import { type Observation, observe, unseenCard } from './observe.ts';
import type { Target } from './targets.ts';

/** One card while a command works on it: remembers what was seen last, so that an error can still show the card. */
export class Subject {
  readonly #ctx: Context;
  readonly target: Target;
  #latest: Observation | null = null;
  #lookedAt: number | null = null;
  /** Milliseconds since the epoch; null for ever. */
  readonly deadline: number | null;
  /** What ended the wait for it, if there was one. */
  via: Source | null = null;

  constructor(ctx: Context, target: Target) {
    this.#ctx = ctx;
    this.target = target;
    const { timeout } = ctx.timing;
    this.deadline = timeout === null ? null : ctx.clock.now() + timeout;
  }

  get latest(): Observation | null {
    return this.#latest;
  }

  /** When the last look that saw something was made. */
  get lookedAt(): number | null {
    return this.#lookedAt;
  }

  get card(): Card {
    return this.#latest?.card ?? unseenCard(this.#ctx, this.target);
  }

  /** Takes over what an answer said, without another look. */
  update(news: Partial<CardFacts>): void {
    if (!this.#latest) return;
    const facts = { ...this.#latest.facts, ...news };
    this.#latest = { ...this.#latest, facts, card: describeCard(facts, this.#ctx.invocation) };
  }

  async observe(read?: ReadOptions): Promise<Observation> {
    this.#latest = await observe(this.#ctx, this.target, read);
    this.#lookedAt = this.#ctx.clock.now();
    return this.#latest;
  }
}

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
  return pMap(
    targets,
    async (target) => {
      const subject = subjects?.get(target) ?? new Subject(ctx, target);
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
    return failed(subject, asFailure(error));
  }
}

function failed(subject: Subject, failure: Failure): CardResult {
  const { exitCode }: { exitCode: ExitCode } = failure;
  const error = failure.toDocument();
  return { card: subject.card, outcome: outcomeOf(error, exitCode), exitCode, ...viaOf(subject), error };
}

function viaOf({ via }: Subject): Pick<CardResult, 'via'> {
  return via === null ? {} : { via };
}

async function findUnauthorized(ctx: Context, targets: readonly Target[]): Promise<Map<number, Failure>> {
  const refused = new Map<number, Failure>();
  for (const profileId of new Set(targets.map((target) => target.profileId))) {
    try {
      await ctx.authorize(profileId);
    } catch (error) {
      refused.set(profileId, asFailure(error));
    }
  }
  return refused;
}
