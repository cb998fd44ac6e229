import type { Context } from '../context/context.ts';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import { formatReference } from '../domain/ids.ts';
import { decodeEvent } from '../webhooks/decode-event.ts';
import type { Forwarder } from '../webhooks/forwarder.ts';
import type { Receiver, Webhook } from '../webhooks/receiver.ts';
import type { SignatureVerifier } from '../webhooks/signature.ts';
import { type CaughtUp, catchUp } from './catch-up.ts';
import type { EventChoice } from './event-filter.ts';
import type { Readiness } from './heartbeat.ts';
import { type Notice, ThrottledNotices } from './throttled-notices.ts';
import { describeRefusal, knownTestsWarning, refusedEventsWarning } from './verify-event.ts';

export interface ListenerOptions {
  host: string;
  /** 0 selects a free port. */
  port: number;
  path: string;
  /** Filter for events to show and forward. All events are stored. */
  choice: EventChoice;
  forwardTo: URL | null;
  /** Length of the period before now for which changes are read from the API, in milliseconds; 0 to read nothing. */
  catchUp: number;
}

/** The totals of a listener. */
export interface ListenCounts {
  kept: number;
  duplicates: number;
  refused: number;
  /** Number of webhooks with the response 503, because they could not be stored. */
  notKept: number;
  notForwarded: number;
}

export type NoticeType = 'refused' | 'not-kept' | 'not-forwarded' | 'unsigned-test';

/** Milliseconds between two warnings about rejected events or test notifications. */
const WARNING_PAUSE_MS = 60_000;

/** A message of a listener. `ready` is the first, `end` the last one. */
export type ListenerMessage =
  | { type: 'ready'; url: string; adminUrl?: string; key: string; unheardSince: number | null }
  | { type: 'event'; event: KeptEvent }
  | ({ type: NoticeType } & Notice)
  | ({ type: 'catch-up' } & CaughtUp)
  | ({ type: 'end' } & ListenCounts);

export type Emit = (message: ListenerMessage) => void;

/** Receives what happens at a listener. Times are milliseconds. */
export interface ListenerObserver {
  onWebhook(
    result: 'stored' | 'duplicate' | 'refused' | 'not-stored' | 'unsigned-test',
    reason?: string,
  ): void;
  onAnswer(milliseconds: number): void;
  /** Called when an event was stored. */
  onWrite(milliseconds: number): void;
  /** Called after each heartbeat in the journal. */
  onHeartbeat(milliseconds: number): void;
}

interface Setup extends ListenerOptions {
  verifier: SignatureVerifier;
  readiness: Readiness;
  mayRead?: () => Promise<boolean>;
  observer?: ListenerObserver;
  onReplaced: (failure: Failure) => void;
}

/** The receiver of a listener, with its notices, its forwarder and its catch-up. */
export class Listener {
  readonly #ctx: Context;
  readonly #options: Setup;
  readonly #emit: Emit;
  readonly #notices: Record<NoticeType, ThrottledNotices>;
  readonly #warnings: ThrottledNotices;
  #receiver: Receiver<KeptEvent | null> | null = null;
  #forwarder: Forwarder | null = null;
  #kept = 0;
  #duplicates = 0;
  #catchingUp: Promise<void> | null = null;
  #checkingTests: Promise<void> = Promise.resolve();
  readonly #knownTests: ThrottledNotices;
  /** Card of the latest test notification that named a card of the journal; empty for none. */
  #testedCard = '';
  url = '';

  private constructor(ctx: Context, options: Setup, emit: Emit) {
    this.#ctx = ctx;
    this.#options = options;
    this.#emit = emit;
    const notices = (type: NoticeType) => new ThrottledNotices(ctx, (notice) => emit({ type, ...notice }));
    this.#notices = {
      refused: notices('refused'),
      'not-kept': notices('not-kept'),
      'not-forwarded': notices('not-forwarded'),
      'unsigned-test': notices('unsigned-test'),
    };
    const warn = (notice: Notice) => ctx.report.warn(refusedEventsWarning(notice));
    this.#warnings = new ThrottledNotices(ctx, warn, WARNING_PAUSE_MS);
    const warnOfTests = ({ count, ids }: Notice) =>
      ctx.report.warn(knownTestsWarning(this.#testedCard, count), {
        card: this.#testedCard,
        eventId: ids.at(-1),
      });
    this.#knownTests = new ThrottledNotices(ctx, warnOfTests, WARNING_PAUSE_MS);
  }

  static async open(ctx: Context, options: Setup, emit: Emit): Promise<Listener> {
    const listener = new Listener(ctx, options, emit);
    const { verifier, path, forwardTo, readiness, observer, onReplaced } = options;
    const { environment } = ctx;
    const { refused, 'not-kept': notKept, 'not-forwarded': notForwarded } = listener.#notices;
    if (forwardTo)
      listener.#forwarder = await ctx.webhooks.openForwarder({
        url: forwardTo,
        agent: await ctx.webhooks.openAgent(forwardTo),
        onGivenUp: (id, reason) => notForwarded.add(reason, id),
      });
    listener.#receiver = await ctx.webhooks.openReceiver({
      path,
      verifier,
      now: () => ctx.calendar.now(),
      isReady: () => readiness.isReady,
      keep: (webhook) => listener.#store(webhook),
      onKept: (event, webhook) => listener.#onStored(event, webhook),
      onNotKept: (error) => {
        const failure = asFailure(error);
        readiness.record(false);
        notKept.add(failure.message);
        observer?.onWebhook('not-stored', failure.code);
        if (failure.code === 'journal-replaced') onReplaced(failure);
      },
      onRefused: ({ httpStatus, reason }, event) => {
        refused.add(`${httpStatus} ${reason}`);
        observer?.onWebhook('refused', reason);
        if (event) listener.#warnings.add(describeRefusal(event, { environment, path, verifier }));
      },
      onUnsignedTest: (reason) => {
        listener.#notices['unsigned-test'].add(reason);
        observer?.onWebhook('unsigned-test', reason);
      },
      onAnswered: (milliseconds) => observer?.onAnswer(milliseconds),
    });
    listener.url = await listener.#receiver.listen(options);
    return listener;
  }

  get counts(): ListenCounts {
    return {
      kept: this.#kept,
      duplicates: this.#duplicates,
      refused: this.#notices.refused.total,
      notKept: this.#notices['not-kept'].total,
      notForwarded: this.#notices['not-forwarded'].total,
    };
  }

  /** Reads changes from the API for the time without a listener. Concurrent calls share one catch-up. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  /** Completes accepted webhooks and tasks in progress. */
  async close(): Promise<void> {
    await this.#receiver?.stop();
    await this.#forwarder?.stop();
    await this.#catchingUp;
    await this.#checkingTests;
    for (const notices of [...Object.values(this.#notices), this.#warnings, this.#knownTests])
      notices.flush();
  }

  async #catchUp(): Promise<void> {
    const { calendar, report, signal } = this.#ctx;
    if (this.#options.catchUp === 0) return;
    try {
      if (!((await this.#options.mayRead?.()) ?? true)) return;
      const caughtUp = await catchUp(this.#ctx, calendar.now() - this.#options.catchUp);
      this.#emit({ type: 'catch-up', ...caughtUp });
    } catch (error) {
      const { message, details } = asFailure(error);
      if (!signal.aborted) report.warn(`The catch-up failed: ${message}`, { traceId: details?.traceId });
    }
  }

  async #store({ body, signature, deliveryId, isTest, receivedAt }: Webhook): Promise<KeptEvent | null> {
    const delivery = { body, signature, deliveryId, isTest, receivedAt, isVerified: true };
    const { journal, stopwatch } = this.#ctx;
    const { readiness, observer } = this.#options;
    const began = stopwatch.now();
    const event = await journal.keepEvent({ ...delivery, event: decodeEvent(body) });
    readiness.record(true);
    observer?.onWrite(stopwatch.since(began));
    return event;
  }

  /** Warns about a test notification for a card that the journal has. Wise's own test notifications have dummy ids. */
  async #warnIfKnown({ id, cardToken, orderId }: KeptEvent): Promise<void> {
    const { journal } = this.#ctx;
    const card = await journal
      .projectEvents()
      .then(() => journal.findCard({ cardToken, orderId }))
      .catch(() => null);
    if (card === null) return;
    await this.#ctx.report.learn(card);
    this.#testedCard = formatReference(card);
    this.#knownTests.add('known card', id);
  }

  #onStored(event: KeptEvent | null, { body, headers }: Webhook): void {
    this.#options.observer?.onWebhook(event === null ? 'duplicate' : 'stored');
    if (event === null) {
      this.#duplicates += 1;
      return;
    }
    this.#kept += 1;
    if (event.isTest) this.#checkingTests = this.#checkingTests.then(() => this.#warnIfKnown(event));
    if (!this.#options.choice.isChosen(event)) return;
    this.#emit({ type: 'event', event });
    this.#forwarder?.add({ id: event.id, body, headers });
  }
}
