import type { CardSession } from '../../cards/session/session.ts';
import type { Context } from '../../context/context.ts';
import { poll } from '../../context/poll.ts';
import { expectation } from './expectation.ts';
import { describeMatcher, meets } from './meets.ts';
import { defineStep } from './step.ts';

/** The time that an event has to arrive where the step sets none, in milliseconds. */
const EVENTS_MS = 10_000;

export const expect = defineStep({
  kind: 'expect',
  about: 'What must be true now. Where it is not, the run ends with 11.',
  schema: expectation,
  card: 'optional',
  storedBefore: false,
  requires: null,
  isCheck: true,
  title: (fields) =>
    Object.entries(fields)
      .map(([field, matcher]) => `${field} ${describeMatcher(field, matcher)}`)
      .join(', '),
  /**
   * Compares the card as it was read last with what is expected, then reads it until all of it holds or the time is over:
   * once where the step sets no time, unless an event is expected.
   */
  async run({ ctx, session, last, lostAttempts, timeout }, fields) {
    const readEvents = 'event' in fields;
    const judge = async () =>
      meets(fields, {
        card: { ...session.card, attempt: session.card.attempt - lostAttempts },
        last,
        events: readEvents ? await receivedStatuses(ctx, session) : [],
      });
    const isThere = (session.identity.orderId ?? session.identity.cardToken) !== null;
    // Of a card that was there before, or that another process worked on, nothing is known yet.
    if (isThere && !session.latest) await session.read();
    const first = await judge();
    if (first.length === 0 || !isThere) return first;
    const end = await poll({
      stopwatch: ctx.stopwatch,
      signal: ctx.signal,
      timing: ctx.timing,
      deadline: ctx.stopwatch.after(timeout ?? (readEvents ? EVENTS_MS : 0)),
      read: async (read) => {
        await session.read(read);
        return judge();
      },
      decide: (unmet) => (unmet.length === 0 ? { done: unmet } : 'wait'),
    });
    return end.kind === 'done' ? end.result : (end.seen ?? first);
  },
});

/** The statuses of the card's events in the journal. */
async function receivedStatuses(ctx: Context, { identity }: CardSession): Promise<string[]> {
  const { cardToken, orderId } = identity;
  const events = await ctx.journal.listEvents({ card: { cardToken, orderId } });
  return events.flatMap(({ status, isTest }) => (status === null || isTest ? [] : status));
}
