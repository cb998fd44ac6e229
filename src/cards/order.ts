import * as v from 'valibot';
import type { Context } from '../context/context.ts';
import { recordAction } from '../context/record-action.ts';
import { cardLabel } from '../domain/card.ts';
import { asFailure, failure } from '../domain/errors/failure.ts';
import { KIOSK_COLLECTION } from '../domain/guards.ts';
import type { CardIdentity } from '../domain/ids.ts';
import { mergeOrders, SAMPLE_ORDER } from '../domain/order.ts';
import type { CardResult } from '../domain/results.ts';
import { type OrderRequest, orderRequest } from '../wire/orders.ts';
import { getOrderWithHolder, validateAddress } from '../wise/orders.ts';
import { requireProfile } from './api-lists.ts';
import { chooseProgram } from './card-program.ts';
import { type PreparedOrder, placeOrder } from './place-order.ts';
import { commandOn, forEachCard, sideBySide } from './session/each-card.ts';
import { type CardRequest, type GivenReference, resolveCards } from './session/resolve-cards.ts';
import { CardSession } from './session/session.ts';
import { waitUntilReady } from './wait-ready.ts';

export interface OrderOptions {
  /** Fields of the request from flags; undefined for a flag that was not set. */
  fields: Record<string, unknown>;
  /** Fields of the request from a file; null without a file. */
  file: Record<string, unknown> | null;
  /** The card whose order is copied; null for none. */
  like: GivenReference | null;
  /** The card to replace, and the reason; null for none. */
  replaces: { card: GivenReference; reason: string } | null;
  /** Idempotency key (any text); null to generate one. */
  idempotencyKey: string | null;
  wait: boolean;
}

/** Validation of an order before it is sent. The orders of a run share the results. */
export interface OrderChecks {
  /** Returns the card program. @throws the failures of `chooseProgram` */
  program(ctx: Context, wanted: { profileId: number; named: string | null }): Promise<string>;
  /** Validates the address. @throws Failure `address-rejected` */
  address(ctx: Context, profileId: number, order: OrderRequest): Promise<void>;
}

const EACH_TIME: OrderChecks = { program: chooseProgram, address: checkAddress };

/**
 * Composes an order, and validates its program and address with the API. Does not send it.
 * @throws Failure `usage` for invalid data, `address-rejected`, `limit-reached`
 */
export async function prepareOrder(
  ctx: Context,
  options: Omit<OrderOptions, 'wait' | 'idempotencyKey'>,
  checks: OrderChecks = EACH_TIME,
): Promise<PreparedOrder> {
  const [like] = options.like ? await resolveCards(ctx, [options.like]) : [];
  const profileId = like?.profileId ?? requireProfile(ctx);
  await ctx.authorize(profileId);
  const copied = like ? await copyOrder(ctx, like) : {};
  const given = mergeOrders([copied, options.file ?? {}, options.fields]);
  const base = ctx.environment === 'local' && !('cardHolderName' in given) ? SAMPLE_ORDER : {};
  const replacementDetails = await replacementOf(ctx, options.replaces);
  const named = typeof given.program === 'string' ? given.program : ctx.program;
  const order = check({
    ...mergeOrders([base, given]),
    program: await checks.program(ctx, { profileId, named }),
    deliveryOption: KIOSK_COLLECTION,
    ...(replacementDetails && { replacementDetails }),
  });
  await checks.address(ctx, profileId, order);
  return { profileId, order };
}

/** Orders a card. With `wait`, also waits until the card is ready. */
export async function order(ctx: Context, options: OrderOptions): Promise<CardResult> {
  const prepared = await prepareOrder(ctx, options);
  const card = { profileId: prepared.profileId, orderId: null, cardToken: null };
  const each = { lanes: sideBySide([card]), command: commandAfter };
  const [result] = await forEachCard(ctx, each, async (session) => {
    const changed = await recordAction(ctx, { card: session, action: 'order' }, async () => {
      const placed = await placeOrder(ctx, prepared, options.idempotencyKey);
      session.apply({ orderId: placed.order.id });
      await showOrder(ctx, session);
      return placed.changed;
    });
    if (options.wait) await waitUntilReady(ctx, session, { isSeen: session.latest !== null });
    return changed;
  });
  if (!result) throw new TypeError('an order has no result');
  return result;
}

/** Returns the command that resumes after an interruption. An order that was placed is not placed again. */
function commandAfter(card: CardIdentity): string[] {
  return card.orderId === null ? ['order'] : commandOn('wait-ready')(card);
}

/** Reads a new order. Only warns if the read fails, because the order exists. */
async function showOrder(ctx: Context, session: CardSession): Promise<void> {
  try {
    await session.read();
  } catch (error) {
    ctx.signal.throwIfAborted();
    const { orderId } = session.identity;
    ctx.report.warn(`Order ${orderId} was created, but can't be read: ${asFailure(error).message}`);
  }
}

/** Returns the fields of an existing order, except the embossed name, which the API does not return. */
async function copyOrder(ctx: Context, like: CardRequest): Promise<Record<string, unknown>> {
  const { card } = await new CardSession(ctx, like).read();
  if (card.orderId === null) {
    throw failure(
      'not-found',
      `Profile ${card.profileId} has no order for card ${cardLabel(card)}.`,
      'Name the order (--like PROFILE/ORDER), or set the data with flags or --from.',
    );
  }
  const { profileId, orderId } = card;
  ctx.report.note(
    `Copying order ${profileId}/${orderId}. The API does not return its embossed name and cardholder profile: set them again.`,
  );
  const order = await getOrderWithHolder(ctx.wise, { profileId, orderId });
  const { cardHolderName, phoneNumber, address, lifetimeLimit, cardProgram } = order;
  return { cardHolderName, phoneNumber, address, lifetimeLimit, program: cardProgram?.name };
}

async function replacementOf(ctx: Context, replaces: OrderOptions['replaces']) {
  if (!replaces) return null;
  const [replaced] = await resolveCards(ctx, [replaces.card]);
  if (!replaced) throw new TypeError('a reference names no card');
  const session = new CardSession(ctx, replaced);
  if (replaced.cardToken === null) await session.read();
  const { cardToken } = session.identity;
  if (cardToken === null) {
    throw failure('usage', 'The order to replace has no card yet.', 'Cancel it and order again.');
  }
  return { cardToken, reason: replaces.reason };
}

function check(data: Record<string, unknown>): OrderRequest {
  const parsed = v.safeParse(orderRequest, data);
  if (parsed.success) return parsed.output;
  const mistakes = parsed.issues.map((issue) => {
    const field = v.getDotPath(issue) ?? 'order';
    return issue.input === undefined ? `${field} is missing${flagFor(field)}` : `${field}: ${issue.message}`;
  });
  throw failure(
    'usage',
    `The order is incomplete or invalid: ${mistakes.join('; ')}.`,
    'Set the data with flags or --from FILE, or copy another card with --like CARD.',
  );
}

const FLAGS = new Map([
  ['cardHolderName', '--cardholder'],
  ['address', '--first-line, --city, --post-code, --country'],
]);

function flagFor(field: string): string {
  const flag = FLAGS.get(field);
  return flag ? ` (${flag})` : '';
}

/** Validates an address with the API. @throws Failure `address-rejected` */
export async function checkAddress(
  ctx: Context,
  profileId: number,
  { address }: OrderRequest,
): Promise<void> {
  const errors = await validateAddress(ctx.wise, { profileId, address }, { signal: ctx.signal });
  if (errors.length === 0) return;
  const said = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  throw failure(
    'address-rejected',
    `Wise rejected the address: ${said}.`,
    'Lines and city have at most 30 characters, a post code 10. PO boxes are not supported.',
  );
}
