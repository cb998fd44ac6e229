import { createHash, randomUUID } from 'node:crypto';
import { validate as isUuid, v5 as uuidFromName } from 'uuid';
import * as v from 'valibot';
import type { Context } from '../context/context.ts';
import { poll } from '../context/poll.ts';
import { asFailure, Failure, failure, Outage } from '../domain/errors/failure.ts';
import { toShell } from '../domain/next-command.ts';
import { canonical } from '../domain/order.ts';
import type { OrderRequestRecord } from '../journal/journal.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { type CardOrder, cardOrder, type OrderRequest } from '../wire/orders.ts';
import { answerFailure, type SendOptions, type Sent, unreachable } from '../wise/client.ts';
import { createOrder } from '../wise/orders.ts';
import { explainRejection } from './card-program.ts';

/** The namespace of the UUIDs that stand for idempotency keys of another form (RFC 9562, version 5). */
const KEY_NAMESPACE = 'a9a1ff25-8c6b-4a39-8b8a-6f0d2f1ab2c7';

/** The time in which a request with a lost answer is repeated with the same key, in milliseconds. */
const REPEAT_MS = 60_000;

/** The request as it would be sent, for `--dry-run`: shown to the user who asked, never kept. */
export interface PreparedOrder {
  profileId: number;
  order: OrderRequest;
}

/**
 * Creates an order under an idempotency key that is stored and shown before anything is sent. A lost answer is repeated
 * with the same key, which can't create a second order.
 * @param keyText the user's key; null makes one
 * @returns the order as its answer shows it; changed is false when the key had made it before
 * @throws Failure `usage` for a key that was used for other data, `outcome-unknown` when the answer stays lost
 */
export async function placeOrder(
  ctx: Context,
  { profileId, order }: PreparedOrder,
  keyText: string | null,
): Promise<{ orderId: number; order: CardOrder; changed: boolean }> {
  const idempotencyKey = toKey(ctx, profileId, keyText);
  const fingerprint = createHash('sha256')
    .update(`${idempotencyKey} ${canonical(order)}`)
    .digest('hex');
  const before = await ctx.journal.findOrderRequest(profileId, idempotencyKey);
  if (before && before.fingerprint !== fingerprint) {
    throw failure(
      'usage',
      'This idempotency key was used for an order with other data.',
      'Use another --idempotency-key for another order, or leave it out.',
      { idempotencyKey: keyText ?? idempotencyKey },
    );
  }
  const request = { profileId, idempotencyKey, fingerprint };
  await ctx.journal.recordOrderRequest({ ...request, orderId: null }, ctx.calendar.now());
  ctx.report.note(`Idempotency key of this order: ${keyText ?? idempotencyKey}`);
  const created = await repeatUntilAnswered(
    ctx,
    async (options) => createOrder(ctx.wise, { profileId, idempotencyKey, order }, options),
    {
      profileId,
      keyText: keyText ?? idempotencyKey,
    },
  );
  await remember(ctx, { ...request, orderId: created.id });
  return { orderId: created.id, order: created, changed: before?.orderId !== created.id };
}

/** The order is there: a journal that can't be written any more must not hide it. */
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

async function repeatUntilAnswered(
  ctx: Context,
  send: (options: SendOptions) => Promise<Sent>,
  { profileId, keyText }: { profileId: number; keyText: string },
): Promise<CardOrder> {
  let mayHaveArrived = false;
  const end = await poll({
    stopwatch: ctx.stopwatch,
    signal: ctx.signal,
    timing: ctx.timing,
    deadline: ctx.stopwatch.after(Math.min(REPEAT_MS, ctx.timing.timeout ?? REPEAT_MS)),
    read: async ({ left }) => {
      const sent = await send({ left });
      const order = readOrder(sent);
      if (order) return order;
      const failure = sent.kind === 'answered' ? answerFailure(sent) : unreachable(sent);
      // A refusal says nothing about an earlier request, whose answer was lost.
      if (!(failure instanceof Outage)) throw mayHaveArrived ? orderUnknown(ctx, keyText, failure) : failure;
      mayHaveArrived ||= sent.kind === 'lost' || (sent.kind === 'answered' && sent.httpStatus !== 429);
      throw failure;
    },
    decide: (order) => ({ done: order }),
    onOutage: ({ message }) => ctx.report.note(`${message} Repeating the order with the same key.`),
  }).catch(async (error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    if (ctx.signal.aborted && mayHaveArrived) throw orderUnknown(ctx, keyText, error);
    throw error.code === 'rejected' ? await explainRejection(ctx, profileId, error) : error;
  });
  if (end.kind === 'done') return end.result;
  if (!mayHaveArrived && end.outage) throw end.outage;
  throw orderUnknown(ctx, keyText, end.outage);
}

/** An answer of success that can't be read leaves it open whether there is an order. */
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
    `Run the same command again with its key, which can't order twice. Add to it: ${flags}`,
    { ...cause?.details, idempotencyKey: keyText },
  );
}
