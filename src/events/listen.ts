import { once } from 'node:events';
import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';
import type { KeptEvent } from '../domain/event.ts';
import { decodeEvent } from '../webhooks/decode-event.ts';
import { Forwarder } from '../webhooks/forwarder.ts';
import { Receiver, type Webhook } from '../webhooks/receiver.ts';
import { SignatureVerifier } from '../webhooks/signature.ts';
import { type CaughtUp, catchUp } from './catch-up.ts';
import type { EventChoice } from './event-filter.ts';
import { keepPresence, lastListenedAt } from './heartbeat.ts';
import { subscribeHere } from './subscriptions.ts';
import { type Notice, Notices } from './throttled-notices.ts';

export interface ListenOptions {
  host: string;
  /** 0 picks a free one. */
  port: number;
  path: string;
  /** null: the environment's own. */
  key: { pem: string; source: string } | null;
  /** Which events are shown and forwarded; all are kept. */
  choice: EventChoice;
  forwardTo: URL | null;
  /** How far back the API is asked about, in milliseconds; 0 for not at all. */
  catchUp: number;
}

/** What a listener did in all. */
export interface ListenCounts {
  kept: number;
  duplicates: number;
  refused: number;
  /** Answered 503: the journal could not keep them. */
  notKept: number;
  notForwarded: number;
}

/** What a listener tells, in the order in which it happens: `ready` first, `end` last. */
export type Heard =
  | { type: 'ready'; url: string; key: string; unheardSince: number | null }
  | { type: 'event'; event: KeptEvent }
  | ({ type: 'refused' | 'not-kept' | 'not-forwarded' } & Notice)
  | ({ type: 'catch-up' } & CaughtUp)
  | ({ type: 'end' } & ListenCounts);

type Tell = (heard: Heard) => void;

/**
 * Receives webhooks until it is interrupted: each is kept in the journal before it is answered, then told.
 * In `local` it subscribes itself to the embedded sandbox meanwhile.
 * @throws Failure `usage` for an address that can't be listened on, `invalid-input` for a key that is none,
 *   `journal-unusable`
 */
export async function listen(ctx: Context, options: ListenOptions, tell: Tell): Promise<ListenCounts> {
  const { pem, source } = options.key ?? (await ctx.webhookKey());
  const verifier = new SignatureVerifier(pem, source);
  const unheardSince = await lastListenedAt(ctx);
  const isAlone = !(await ctx.journal.isListenedTo());
  if (!isAlone)
    ctx.report.warn(
      'Somebody else listens into this journal: each event is shown and forwarded by one of you.',
    );
  await learnCards(ctx, options.choice);
  const listener = new Listener(ctx, { ...options, verifier }, tell);
  const url = await listener.open();
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  const ends: (() => Promise<void>)[] = [() => listener.close()];
  try {
    ends.push(await keepPresence(ctx, { url, signal, onGap: () => void listener.catchUp() }));
    // The sandbox stops delivering before the receiver goes away.
    if (ctx.environment === 'local') ends.unshift(await subscribeHere(ctx, { url, isAlone }));
    tell({ type: 'ready', url, key: verifier.keyName, unheardSince });
    void listener.catchUp();
    if (!ctx.signal.aborted) await once(ctx.signal, 'abort');
  } finally {
    over.abort();
    for (const end of ends) await end().catch((error: unknown) => ctx.report.warn(asFailure(error).message));
  }
  tell({ type: 'end', ...listener.counts });
  return listener.counts;
}

/** What the journal knows of the orders that were chosen. */
async function learnCards(ctx: Context, choice: EventChoice): Promise<void> {
  for (const orderId of choice.orderIds) {
    const cardToken = await ctx.journal.findCardToken(orderId);
    if (cardToken !== null) choice.learn(orderId, cardToken);
  }
}

class Listener {
  readonly #ctx: Context;
  readonly #options: ListenOptions;
  readonly #tell: Tell;
  readonly #receiver: Receiver<KeptEvent | null>;
  readonly #forwarder: Forwarder | null;
  readonly #refused: Notices;
  readonly #notKept: Notices;
  readonly #notForwarded: Notices;
  #kept = 0;
  #duplicates = 0;
  #catchingUp: Promise<void> | null = null;

  constructor(ctx: Context, options: ListenOptions & { verifier: SignatureVerifier }, tell: Tell) {
    this.#ctx = ctx;
    this.#options = options;
    this.#tell = tell;
    const notices = (type: 'refused' | 'not-kept' | 'not-forwarded') =>
      new Notices(ctx, (notice) => tell({ type, ...notice }));
    this.#refused = notices('refused');
    this.#notKept = notices('not-kept');
    this.#notForwarded = notices('not-forwarded');
    this.#receiver = new Receiver({
      path: options.path,
      verifier: options.verifier,
      now: () => ctx.clock.now(),
      keep: (webhook) => this.#keep(webhook),
      onKept: (kept, webhook) => this.#onKept(kept, webhook),
      onNotKept: (error) => this.#notKept.add(asFailure(error).message),
      onRefused: ({ httpStatus, reason }) => this.#refused.add(`${httpStatus} ${reason}`),
    });
    const { forwardTo: url } = options;
    const onGivenUp = (id: number, reason: string) => this.#notForwarded.add(reason, id);
    this.#forwarder = url && new Forwarder({ url, onGivenUp });
  }

  get counts(): ListenCounts {
    return {
      kept: this.#kept,
      duplicates: this.#duplicates,
      refused: this.#refused.total,
      notKept: this.#notKept.total,
      notForwarded: this.#notForwarded.total,
    };
  }

  open(): Promise<string> {
    return this.#receiver.listen(this.#options);
  }

  /** Asks the API what happened while nobody listened, unless it is at it already. */
  catchUp(): Promise<void> {
    this.#catchingUp ??= this.#catchUp().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  /** Finishes what was accepted, and whatever else is under way. */
  async close(): Promise<void> {
    await this.#receiver.stop();
    await this.#forwarder?.stop();
    await this.#catchingUp;
    for (const notices of [this.#refused, this.#notKept, this.#notForwarded]) notices.flush();
  }

  async #catchUp(): Promise<void> {
    const { clock, report } = this.#ctx;
    if (this.#options.catchUp === 0) return;
    try {
      const caughtUp = await catchUp(this.#ctx, clock.now() - this.#options.catchUp);
      this.#tell({ type: 'catch-up', ...caughtUp });
    } catch (error) {
      if (!this.#ctx.signal.aborted) report.warn(`The catch-up broke off: ${asFailure(error).message}`);
    }
  }

  async #keep({ body, signature, deliveryId, isTest, receivedAt }: Webhook): Promise<KeptEvent | null> {
    const event = decodeEvent(body);
    return this.#ctx.journal.keepEvent({
      body,
      signature,
      deliveryId,
      isTest,
      isVerified: true,
      receivedAt,
      event,
    });
  }

  #onKept(event: KeptEvent | null, { body, headers }: Webhook): void {
    if (event === null) {
      this.#duplicates += 1;
      return;
    }
    this.#kept += 1;
    if (!this.#options.choice.isChosen(event)) return;
    this.#tell({ type: 'event', event });
    this.#forwarder?.add({ id: event.id, body, headers });
  }
}
