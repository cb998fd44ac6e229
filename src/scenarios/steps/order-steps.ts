import * as v from 'valibot';
import { cancelOne } from '../../cards/cancel.ts';
import { prepareOrder } from '../../cards/order.ts';
import { placeOrder } from '../../cards/place-order.ts';
import { waitUntilReady } from '../../cards/wait-ready.ts';
import type { Context } from '../../context/context.ts';
import { Failure, failure } from '../../domain/errors/failure.ts';
import { commandLine } from '../../domain/next-command.ts';
import { orderFile } from '../../wire/orders.ts';
import { id } from '../../wire/scalars.ts';
import { defineStep } from './step.ts';

const profileId = v.exactOptional(
  v.pipe(v.nullable(id), v.description('Profile that orders (default: that of the context).')),
);

const order = defineStep({
  kind: 'order',
  about:
    'Orders a card: the fields of Wise’s order body, as in order --from, and profileId. In the embedded sandbox, a sample completes an order without cardHolderName.',
  schema: v.pipe(
    v.nullable(v.strictObject({ profileId, ...orderFile.entries })),
    v.transform((body) => {
      const { profileId = null, ...fields } = body ?? {};
      return { profileId, fields };
    }),
  ),
  card: 'ordered',
  // The idempotency key makes a repetition safe.
  storedBefore: false,
  requires: null,
  impersonalFields: ['profileId', 'program', 'deliveryOption'],
  async run({ session, checks, key, record, ...work }, body) {
    const ctx = { ...work.ctx, profileId: body.profileId ?? work.ctx.profileId };
    const options = { fields: body.fields, file: null, like: null, replaces: null };
    const prepared = await prepareOrder(ctx, options, checks);
    session.apply({ profileId: prepared.profileId });
    await record('order', async () => {
      const placed = await placeOrder(ctx, prepared, key).catch((error: unknown) => {
        throw lostOrder(ctx, prepared.profileId, error);
      });
      await session.applyOrder(placed.order);
    });
  },
});

/** Changes the advice for a lost order: only the run has its idempotency key, so the user can't repeat the order. */
function lostOrder(ctx: Context, profileId: number, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'outcome-unknown') return error;
  const look = commandLine(['orders', '--profile-id', String(profileId)], ctx.invocation);
  const { message, details } = error;
  return failure(error.code, message, `Check if it exists, and cancel it: ${look}`, details);
}

const waitReady = defineStep({
  kind: 'wait-ready',
  about: 'Waits until the card can be produced.',
  schema: v.null(),
  card: 'needed',
  storedBefore: false,
  requires: null,
  async run({ ctx, session, isSeen }) {
    await waitUntilReady(ctx, session, { isSeen });
  },
});

const cancel = defineStep({
  kind: 'cancel',
  about: 'Cancels the order, and waits until it reads CANCELLED.',
  schema: v.null(),
  card: 'needed',
  storedBefore: true,
  requires: 'confirmation',
  async run({ ctx, session, record }) {
    await record('cancel', async () => cancelOne(ctx, session));
  },
});

export const ORDER_STEPS = [order, waitReady, cancel];
