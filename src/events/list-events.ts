import { wholeReference } from '../context/card-names.ts';
import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { Coverage } from '../context/coverage.ts';
import { JournalChanges } from '../context/journal-changes.ts';
import { coverageFor } from '../context/listener-state.ts';
import { poll } from '../context/poll.ts';
import { failure } from '../domain/errors/failure.ts';
import { type EventDocument, type KeptEvent, toEventDocument } from '../domain/event.ts';
import type { CardName, KioskId, Reference } from '../domain/ids.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { EventFilter, KeptDelivery } from '../journal/journal.ts';

/** A filter for stored events. Null matches everything. */
export interface EventSelection {
  card: CardName | null;
  eventType: string | null;
  kioskId: KioskId | null;
  status: string | null;
  /** Earliest arrival time, in milliseconds since the epoch; null for any. */
  since: number | null;
  /** Time before which events must have arrived, in milliseconds since the epoch; null for any. */
  until: number | null;
}

/** An event with all fields and its original bytes. */
interface WholeEvent extends EventDocument {
  /** False if the event has no valid signature. */
  verified: boolean;
  description: string | null;
  deliveryId: string | null;
  signature: string | null;
  /** The exact bytes in Base64, because text may not preserve them. */
  bodyBase64: string;
}

/** Number of events per query of the journal. */
const PAGE = 500;

export interface ListedEvents {
  /** Oldest first. */
  events: KeptEvent[];
  /** Number of all matching events. */
  total: number;
  coverage: Coverage;
}

/** Returns the newest matching events. @param limit maximum number of events */
export async function listEvents(
  ctx: Context,
  { selection, limit }: { selection: EventSelection; limit: number },
): Promise<ListedEvents> {
  const filter = await toFilter(ctx, selection);
  const events = await ctx.journal.listEvents({ ...filter, newestFirst: true, limit });
  const total = events.length < limit ? events.length : await ctx.journal.countEvents(filter);
  return { events: events.toReversed(), total, coverage: await coverageFor(ctx, selection) };
}

/** Returns an event with its original bytes. @throws Failure `not-found` */
export async function showEvent(ctx: Context, id: number): Promise<KeptDelivery> {
  const delivery = await ctx.journal.findDelivery(id);
  if (delivery) return delivery;
  throw failure(
    'not-found',
    `The journal has no event ${id} of ${ctx.environment}.`,
    'List events: kioskctl events list',
  );
}

/** Yields all matching events with their original bytes, oldest first. */
export async function* exportEvents(
  ctx: Context,
  selection: EventSelection,
): AsyncGenerator<WholeEvent, void, undefined> {
  const filter = await toFilter(ctx, selection);
  const latest = await ctx.journal.latestEventId();
  for (let afterId = 0; afterId < latest; ) {
    const page = await ctx.journal.listEvents({ ...filter, afterId, limit: PAGE });
    for (const { id } of page) {
      const delivery = await ctx.journal.findDelivery(id);
      // Another process may have pruned the event meanwhile.
      if (delivery && id <= latest) yield toWholeEvent(delivery);
    }
    // Lets the event loop handle signals and write errors, such as a closed pipe.
    await ctx.stopwatch.sleep(0, ctx.signal);
    if (page.length < PAGE) return;
    afterId = page.at(-1)?.id ?? latest;
  }
}

/**
 * Deletes old events after a prompt.
 * @param olderThan minimum age in milliseconds
 * @throws Failure `not-confirmed`, `input-required`
 */
export async function pruneEvents(
  ctx: Context,
  olderThan: number,
): Promise<{ pruned: number; before: number }> {
  const before = ctx.calendar.now() - olderThan;
  const [first] = await ctx.journal.listEvents({ until: before, limit: 1 });
  if (!first) return { pruned: 0, before };
  const since = utcTime(before);
  const question = `Delete the events of ${ctx.environment} that arrived before ${since}?`;
  if (!(await ctx.ask.confirm(question, { flag: '--yes' }))) {
    throw failure(
      'not-confirmed',
      'No events were deleted.',
      'To save a copy first: kioskctl events export > events.ndjson',
    );
  }
  return { pruned: await ctx.journal.pruneEvents(before), before };
}

/** Token and order id of a card; null for unknown ids. */
export type CardIds = Pick<Reference, 'cardToken' | 'orderId'>;

/**
 * Completes a reference with the token or order id from the journal, because an event or action may contain only one of
 * these ids.
 */
export async function completeReference(ctx: Context, name: CardName): Promise<CardIds> {
  const reference = await wholeReference(ctx, name);
  const known = await ctx.journal.findCard(reference);
  const { orderId } = reference;
  const cardToken = reference.cardToken ?? known?.cardToken ?? null;
  if (cardToken !== null || orderId === null)
    return { cardToken, orderId: orderId ?? known?.orderId ?? null };
  return { cardToken: await ctx.journal.findCardToken(orderId), orderId };
}

async function toFilter(ctx: Context, selection: EventSelection): Promise<EventFilter> {
  const { card, eventType, kioskId, status, since, until } = selection;
  return {
    ...(card && { card: await completeReference(ctx, card) }),
    ...(eventType !== null && { eventType }),
    ...(kioskId !== null && { kioskId }),
    ...(status !== null && { status }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
  };
}

export function toWholeEvent(delivery: KeptDelivery): WholeEvent {
  const { description, deliveryId, signature, body } = delivery;
  return {
    ...toEventDocument(delivery),
    verified: delivery.isVerified,
    description,
    deliveryId,
    signature,
    bodyBase64: Buffer.from(body).toString('base64'),
  };
}

interface TailOptions {
  selection: EventSelection;
  /**
   * Id of the event after which to start. null to start at `since` of the filter; without `since`, at the next new
   * event.
   */
  afterId: number | null;
  /** Number of events after which to stop; null for no limit. */
  limit: number | null;
  /** null to follow until a signal. */
  deadline: Reading | null;
}

/**
 * Follows the journal, and emits each event that any process stores.
 * @throws Failure `deadline-passed` if fewer than `limit` events arrived
 */
export async function tailEvents(
  ctx: Context,
  { selection, afterId, limit, deadline }: TailOptions,
  onEvent: (event: KeptEvent) => Promise<void>,
): Promise<void> {
  let filter = await toFilter(ctx, selection);
  let latest = afterId ?? (selection.since === null ? await ctx.journal.latestEventId() : 0);
  let left = limit ?? Number.POSITIVE_INFINITY;
  await noteStart(ctx, latest);
  using changes = new JournalChanges(ctx);
  const end = await poll({
    stopwatch: ctx.stopwatch,
    signal: ctx.signal,
    timing: ctx.timing,
    pause: () => async (longest) => changes.sleep(longest),
    deadline,
    read: async () => {
      // Production events contain only the card token. An order event may have named the token by now.
      if (filter.card?.cardToken === null) filter = await toFilter(ctx, selection);
      const wanted = left === Number.POSITIVE_INFINITY ? {} : { limit: left };
      for (const event of await ctx.journal.listEvents({ ...filter, ...wanted, afterId: latest })) {
        ctx.signal.throwIfAborted();
        latest = event.id;
        left -= 1;
        await onEvent(event);
      }
    },
    decide: () => (left === 0 ? { done: true } : 'wait'),
  });
  if (end.kind === 'done' || limit === null) return;
  throw failure(
    'deadline-passed',
    `Only ${limit - left} of ${limit} events arrived in time.`,
    `Continue after the last one: kioskctl events tail --after ${latest}`,
  );
}

async function noteStart(ctx: Context, latest: number): Promise<void> {
  const from = `Following the events of ${ctx.environment} after event ${latest}`;
  if (await ctx.journal.isListenedTo()) return ctx.report.note(`${from} (Ctrl-C ends it).`);
  ctx.report.note(`${from} (Ctrl-C ends it). No listener is running. Start one: kioskctl listen`);
}
