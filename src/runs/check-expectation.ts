import type { Subject } from '../cards/session/session.ts';
import type { Context } from '../context/context.ts';
import { poll } from '../context/poll.ts';
import type { Expectation, Seen, Unmet } from '../domain/run.ts';
import { meets } from '../scenarios/steps/meets.ts';

/** How long an event may take to arrive where the step doesn't say, in milliseconds. */
const EVENTS_MS = 10_000;

interface Expected {
  expectation: Expectation;
  subject: Subject | null;
  last: Seen['last'];
  lost: number;
  timeout: number | null;
}

/**
 * Compares a card with what is expected of it: first as it was seen last (one that wasn't is looked at), then by looking
 * again, until it holds or the step's time is over. Without a time of its own a step looks once more; events are waited for.
 * @param last how the step before ended
 * @param lost so many attempts don't count: nobody but a killed session knows of them
 * @returns what does not hold
 */
export async function expectOf(
  ctx: Context,
  { expectation, subject, last, lost, timeout }: Expected,
): Promise<Unmet[]> {
  const readEvents = 'event' in expectation;
  const judge = async () =>
    meets(expectation, {
      card: subject && { ...subject.card, attempt: subject.card.attempt - lost },
      last,
      events: readEvents && subject ? await toldOf(ctx, subject) : [],
    });
  const isThere = subject !== null && (subject.target.orderId ?? subject.target.cardToken) !== null;
  // Nothing is known yet of a card that was there before, or that another session left.
  if (isThere && !subject.latest) await subject.observe();
  const first = await judge();
  if (first.length === 0 || !isThere) return first;
  // Which attempts there were, and what ended the step before, doesn't change by looking.
  const end = await poll({
    clock: ctx.clock,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline: ctx.clock.now() + (timeout ?? (readEvents ? EVENTS_MS : 0)),
    look: async (read) => {
      subject.isLean = false;
      await subject.observe(read);
      return judge();
    },
    decide: (unmet) => (unmet.length === 0 ? { done: unmet } : 'wait'),
  });
  return end.kind === 'done' ? end.result : (end.seen ?? first);
}

/** What the events of a card told, as far as the journal has them. */
async function toldOf(ctx: Context, { target }: Subject): Promise<string[]> {
  const { cardToken, orderId } = target;
  const events = await ctx.journal.listEvents({ card: { cardToken, orderId } });
  return events.flatMap(({ status, isTest }) => (status === null || isTest ? [] : status));
}
