import { createHash, randomUUID } from 'node:crypto';
import { validate as isUuid, v5 as uuidFromName } from 'uuid';
import * as v from 'valibot';
import type { Context } from '../context/context.ts';
import { poll } from '../context/poll.ts';
import { awaitAnswer } from '../context/unanswered.ts';
import { asFailure, Failure, failure, Outage } from '../domain/errors/failure.ts';
import { toShell } from '../domain/next-command.ts';
import { canonical } from '../domain/order.ts';
import type { OrderRequestRecord } from '../journal/journal.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { type CardOrder, cardOrder, type OrderRequest } from '../wire/orders.ts';
import { answerFailure, type Sent, unreachable } from '../wise/client.ts';
import { createOrder } from '../wise/orders.ts';
import { explainRejection } from './card-program.ts';

/** Namespace for deriving a UUID (RFC 9562, version 5) from an idempotency key that is not a UUID. */
const KEY_NAMESPACE = 'a9a1ff25-8c6b-4a39-8b8a-6f0d2f1ab2c7';

/** Time limit for retrying an order whose response was lost, in milliseconds. Retries use the same idempotency key. */
const REPEAT_MS = 60_000;

/** A validated order that was not sent. Shown by `--dry-run`, never stored. */
export interface PreparedOrder {
  profileId: number;
  order: OrderRequest;
}

/**
 * Places an order. The idempotency key is stored and shown first. If the response is lost, the request is retried with
 * the same key, which can't create a second order.
 * @param keyText the user's key; null to generate one
 * @returns the order in the response; `changed`: false if an earlier request with this key created it
 * @throws Failure `usage` if the key was used with other data, `outcome-unknown` if every response was lost
 */
export async function placeOrder(
  ctx: Context,
  { profileId, order }: PreparedOrder,
  keyText: string | null,
): Promise<{ order: CardOrder; changed: boolean }> {
  const idempotencyKey = toKey(ctx, profileId, keyText);
  const shownKey = keyText ?? idempotencyKey;
  const fingerprint = createHash('sha256')
    .update(`${idempotencyKey} ${canonical(order)}`)
    .digest('hex');
  const before = await ctx.journal.findOrderRequest(profileId, idempotencyKey);
  if (before && before.fingerprint !== fingerprint) {
    throw failure(
      'usage',
      'This idempotency key was already used with different data.',
      'Use a different --idempotency-key, or leave it out.',
      { idempotencyKey: shownKey },
    );
  }
  const request = { profileId, idempotencyKey, fingerprint };
  await ctx.journal.recordOrderRequest({ ...request, orderId: null }, ctx.calendar.now());
  ctx.report.note(`Idempotency key of this order: ${shownKey}`);
  const created = await createRepeatedly(ctx, { profileId, idempotencyKey, order }, shownKey);
  await remember(ctx, { ...request, orderId: created.id });
  return { order: created, changed: before?.orderId !== created.id };
}

/** Records a new order. Only warns if the journal can't be written, because the order exists. */
async function remember(ctx: Context, request: OrderRequestRecord): Promise<void> {
  try {
    await ctx.journal.recordOrderRequest(request, ctx.calendar.now());
  } catch (error) {
    ctx.report.warn(`Order ${request.orderId} could not be recorded: ${asFailure(error).message}`);
  }
}

function toKey(ctx: Context, profileId: number, text: string | null): string {
  if (text === null) return randomUUID();
  return isUuid(text)
    ? text.toLowerCase()
    : uuidFromName(`${ctx.environment}/${profileId}/${text}`, KEY_NAMESPACE);
}

/** Sends an order, and retries it if the response is lost. @param shownKey the key as the user entered it */
async function createRepeatedly(
  ctx: Context,
  request: Parameters<typeof createOrder>[1],
  shownKey: string,
): Promise<CardOrder> {
  let mayHaveArrived = false;
  const end = await poll({
    ...ctx,
    deadline: ctx.stopwatch.after(Math.min(REPEAT_MS, ctx.timing.timeout ?? REPEAT_MS)),
    read: async ({ left }) => {
      const sent = await awaitAnswer(ctx, createOrder(ctx.wise, request, { left }), () =>
        orderUnknown(ctx, shownKey, null),
      );
      const order = readOrder(sent);
      if (order) return order;
      const failure = sent.kind === 'answered' ? answerFailure(sent) : unreachable(sent);
      // The first request may have created the order although its response was lost, even if Wise rejects a retry.
      if (!(failure instanceof Outage)) throw mayHaveArrived ? orderUnknown(ctx, shownKey, failure) : failure;
      mayHaveArrived ||= sent.kind === 'lost' || (sent.kind === 'answered' && sent.httpStatus !== 429);
      throw failure;
    },
    decide: (order) => ({ done: order }),
    onOutage: ({ message }) => ctx.report.note(`${message} Repeating the order with the same key.`),
  }).catch(async (error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    if (ctx.signal.aborted && mayHaveArrived) throw orderUnknown(ctx, shownKey, error);
    throw error.code === 'rejected' ? await explainRejection(ctx, request.profileId, error) : error;
  });
  if (end.kind === 'done') return end.result;
  if (!mayHaveArrived && end.outage) throw end.outage;
  throw orderUnknown(ctx, shownKey, end.outage);
}

/** Returns the order in a response; null if it contains none or is unreadable. */
function readOrder(sent: Sent): CardOrder | null {
  if (sent.kind !== 'answered' || !isSuccess(sent.httpStatus)) return null;
  const parsed = v.safeParse(cardOrder, sent.body);
  return parsed.success ? parsed.output : null;
}

function orderUnknown(ctx: Context, keyText: string, cause: Failure | null): Failure {
  const flags = toShell(['--idempotency-key', keyText, ...ctx.invocation.flags]);
  const message = 'The order may have been created: its answer was lost.';
  return failure(
    'outcome-unknown',
    cause ? `${message} ${cause.message}` : message,
    `Run the same command again with the same key, which can't order twice. Add: ${flags}`,
    { ...cause?.details, idempotencyKey: keyText },
  );
}
