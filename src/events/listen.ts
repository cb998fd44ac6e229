import { once } from 'node:events';
import type { Context } from '../context/context.ts';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { type PublicKey, SignatureVerifier } from '../webhooks/signature.ts';
import type { EventChoice } from './event-filter.ts';
import { lastListenedAt, Readiness, startHeartbeat } from './heartbeat.ts';
import {
  type Emit,
  type ListenCounts,
  Listener,
  type ListenerMessage,
  type ListenerObserver,
  type ListenerOptions,
} from './listener.ts';
import { subscribeHere } from './subscriptions.ts';

export interface ListenOptions extends ListenerOptions {
  /** Keys that verify events; any may match. Empty for the key of the environment. */
  keys: readonly PublicKey[];
}

/** Parts of a listener that its caller provides, if the listener is part of a server. */
interface ListenWorld {
  readiness?: Readiness;
  /** Returns true if cards can be read from the API (default: always true). */
  mayRead?: () => Promise<boolean>;
  observer?: ListenerObserver;
}

/**
 * Receives webhooks until a signal. Each webhook is stored before the response, and emitted after it. In `local`, the
 * listener subscribes itself to the embedded sandbox while it is running. Stops if the journal is replaced.
 * @throws Failure `usage` for an unavailable address, `invalid-input` for an invalid key, `journal-unusable`,
 * `journal-replaced`
 */
export async function listen(
  ctx: Context,
  options: ListenOptions & ListenWorld,
  emit: Emit,
): Promise<ListenCounts> {
  const { readiness = new Readiness(ctx) } = options;
  const keys = options.keys.length > 0 ? options.keys : [await ctx.webhookKey()];
  const verifier = new SignatureVerifier(...keys);
  const unheardSince = await lastListenedAt(ctx);
  const isAlone = !(await ctx.journal.isListenedTo());
  if (!isAlone)
    ctx.report.warn(
      'Another listener uses this journal: each event is shown and forwarded by only one of them.',
    );
  await addKnownCards(ctx, options.choice);
  // Buffers events that arrive before the message `ready`, which must be the first.
  const early: ListenerMessage[] = [];
  let isReady = false;
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  let replaced: Failure | null = null;
  const onReplaced = (failure: Failure) => {
    replaced ??= failure;
    over.abort();
  };
  const listener = await Listener.open(ctx, { ...options, readiness, verifier, onReplaced }, (message) =>
    isReady ? emit(message) : void early.push(message),
  );
  const { url } = listener;
  const ends: (() => Promise<void>)[] = [() => listener.close()];
  try {
    const onGap = () => void listener.catchUp();
    const onBeat = (milliseconds: number) => options.observer?.onHeartbeat(milliseconds);
    ends.push(await startHeartbeat(ctx, { url, signal, readiness, onReplaced, onGap, onBeat }));
    // Unsubscribes first, so that the sandbox stops delivering before the receiver stops.
    if (ctx.environment === 'local') ends.unshift(await subscribeHere(ctx, { url, isAlone }));
    isReady = true;
    emit({ type: 'ready', url, key: verifier.keyName, unheardSince });
    early.forEach(emit);
    void listener.catchUp();
    if (!signal.aborted) await once(signal, 'abort');
  } finally {
    over.abort();
    for (const end of ends) await end().catch((error: unknown) => ctx.report.warn(asFailure(error).message));
  }
  emit({ type: 'end', ...listener.counts });
  if (replaced) throw replaced;
  return listener.counts;
}

/** Adds the cards of the selected orders to the filter, if the journal has them. */
async function addKnownCards(ctx: Context, choice: EventChoice): Promise<void> {
  for (const orderId of choice.orderIds) {
    const cardToken = await ctx.journal.findCardToken(orderId);
    if (cardToken !== null) choice.addCard(orderId, cardToken);
  }
}
