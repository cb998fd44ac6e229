import type { Context } from '../context/context.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { PHYSICAL_CARD_LIMIT } from '../domain/order.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { CardOrder, CardProgram } from '../wire/orders.ts';
import { listPrograms } from '../wise/orders.ts';
import { allOrders } from './session/find-order.ts';

/** Orders that take no place of the limit any more. The vendor doesn't say whether a cancelled one does: an assumption. */
const GONE = new Set(['CANCELLED', 'RETURNED']);

/**
 * The program to order from: the one that was named, the only physical one, or the one that the user picks.
 * @throws Failure `usage` for one that can't be ordered, `limit-reached`, `input-required` when several fit
 */
export async function chooseProgram(
  ctx: Context,
  { profileId, named }: { profileId: number; named: string | null },
): Promise<string> {
  const programs = await listPrograms(ctx.wise, profileId, { signal: ctx.signal });
  const physical = programs.filter(({ cardType }) => cardType === 'PHYSICAL').map(({ name }) => name);
  if (named !== null && physical.includes(named)) return named;
  if (physical.length === 0) throw await noPhysicalProgram(ctx, { profileId, programs });
  if (named !== null) {
    const message = `Profile ${profileId} can't order a physical card of program “${printable(named)}”.`;
    throw failure('usage', message, `It can order of: ${physical.join(', ')}.`);
  }
  const [only, ...others] = physical;
  if (only !== undefined && others.length === 0) return only;
  return ctx.ask.choose('Which card program?', { flag: '--program', choices: physical });
}

async function noPhysicalProgram(
  ctx: Context,
  { profileId, programs }: { profileId: number; programs: CardProgram[] },
): Promise<Failure> {
  const orders = await physicalOrders(ctx, profileId);
  if (programs.length === 0 || orders.length > 0) return limitReached(ctx, { profileId, orders });
  return failure(
    'rejected',
    `Profile ${profileId} has no program for physical cards.`,
    'Ask Wise to set one up; kioskctl programs lists what there is.',
  );
}

/**
 * Why the vendor may have rejected an order. It doesn't document the answer at the limit, so the limit is recognised by
 * what else it says: no physical program is on offer any more, or as many orders as its documentation allows.
 */
export async function explainRejection(
  ctx: Context,
  profileId: number,
  rejection: Failure,
): Promise<Failure> {
  try {
    const programs = await listPrograms(ctx.wise, profileId, { signal: ctx.signal });
    const limit = PHYSICAL_CARD_LIMIT[ctx.environment] ?? Number.POSITIVE_INFINITY;
    const orders = await physicalOrders(ctx, profileId);
    const isAtLimit = programs.every(({ cardType }) => cardType !== 'PHYSICAL') || orders.length >= limit;
    return isAtLimit ? limitReached(ctx, { profileId, orders }, rejection) : rejection;
  } catch {
    return rejection;
  }
}

/** The orders that take a place of the limit. */
async function physicalOrders(ctx: Context, profileId: number): Promise<CardOrder[]> {
  const orders: CardOrder[] = [];
  for await (const order of allOrders(ctx, profileId)) {
    if (order.cardProgram?.cardType === 'PHYSICAL' && !GONE.has(order.status)) orders.push(order);
  }
  return orders;
}

/** Orders whose card nobody has yet: cancelling one that is PRODUCED would block the card of a customer. */
const CANCELLABLE = new Set(['PLACED', 'REQUIREMENTS_FULFILLED', 'CARD_DETAILS_CREATED']);

/** The number of orders that a message names. */
const NAMED = 10;

function limitReached(
  ctx: Context,
  { profileId, orders }: { profileId: number; orders: readonly CardOrder[] },
  rejection?: Failure,
): Failure {
  // Oldest first: a card over 60 days old can't be produced any more.
  const cancellable = orders
    .filter(({ status }) => CANCELLABLE.has(status))
    .toSorted((left, right) => left.id - right.id);
  const named = cancellable.slice(0, NAMED).map(({ id, status }) => `${profileId}/${id} (${status})`);
  const more = cancellable.length > NAMED ? ` and ${cancellable.length - NAMED} more` : '';
  const [first] = cancellable;
  const message = `Profile ${profileId} has reached its limit of physical cards.`;
  const places = first ? ` Orders that could be cancelled: ${named.join(', ')}${more}.` : '';
  const command = first
    ? ['cancel', `${profileId}/${first.id}`]
    : ['orders', '--profile-id', String(profileId)];
  const advice = first ? 'Cancel the order of a card that nobody needs' : 'Show its orders';
  return new Failure('limit-reached', `${message}${places}`, {
    hint: `Wise allows 1 physical card for each personal profile in production, and 10 in a sandbox. ${advice}: ${commandLine(command, ctx.invocation)}`,
    ...(rejection?.details && { details: rejection.details }),
  });
}
