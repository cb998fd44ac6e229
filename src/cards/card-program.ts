import type { Context } from '../context/context.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { PHYSICAL_CARD_LIMIT } from '../domain/order.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { CardOrder, CardProgram } from '../wire/orders.ts';
import { allOrders, listPrograms } from '../wise/orders.ts';

/** Statuses of orders that do not count towards the card limit. Assumption: CANCELLED orders don't count. */
const GONE = new Set(['CANCELLED', 'RETURNED']);

/**
 * Returns the program for an order: the one that the user named, the only physical one, or the user's choice.
 * @throws Failure `usage` for an unavailable program, `limit-reached`, `input-required` if there are several
 */
export async function chooseProgram(
  ctx: Context,
  { profileId, named }: { profileId: number; named: string | null },
): Promise<string> {
  const programs = await listPrograms(ctx.wise, profileId, { signal: ctx.signal });
  const physical = programs.filter(({ cardType }) => cardType === 'PHYSICAL').map(({ name }) => name);
  if (named !== null && physical.includes(named)) return named;
  if (physical.length === 0) throw await noPhysicalProgram(ctx, { profileId, named, programs });
  if (named !== null) {
    const message = `Profile ${profileId} has no physical card program “${printable(named)}”.`;
    throw failure('usage', message, `Available programs: ${physical.join(', ')}.`);
  }
  const [only, ...others] = physical;
  if (only !== undefined && others.length === 0) return only;
  return ctx.ask.choose('Which card program?', { flag: '--program <NAME>', choices: physical });
}

/**
 * Explains why a profile offers no physical program. At the card limit, Wise offers none; only the profile's orders
 * show its programs.
 */
async function noPhysicalProgram(
  ctx: Context,
  { profileId, named, programs }: { profileId: number; named: string | null; programs: CardProgram[] },
): Promise<Failure> {
  const orders = await physicalOrders(ctx, profileId);
  const used = [...new Set(orders.flatMap(({ cardProgram }) => cardProgram?.name ?? []))];
  if (named !== null && used.length > 0 && !used.includes(named)) {
    return failure(
      'usage',
      `Profile ${profileId} offers no program “${printable(named)}”, and none of its orders uses it.`,
      `Programs of its orders: ${used.map(printable).join(', ')}. The profile has also reached its limit of physical cards.`,
    );
  }
  if (programs.length === 0 || orders.length > 0) return limitReached(ctx, { profileId, orders });
  return failure(
    'rejected',
    `Profile ${profileId} has no program for physical cards.`,
    'Ask Wise to set one up. List all programs: kioskctl programs',
  );
}

/**
 * Explains why Wise rejected an order. Wise documents no error for the card limit. The card limit is assumed to be the
 * reason if no physical program is offered any more, or if the number of orders has reached the documented limit.
 * @returns the failure `limit-reached` in these cases, otherwise the original failure
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

/** Returns the orders that count towards the card limit. */
async function physicalOrders(ctx: Context, profileId: number): Promise<CardOrder[]> {
  const orders: CardOrder[] = [];
  for await (const order of allOrders(ctx.wise, profileId, { signal: ctx.signal })) {
    if (order.cardProgram?.cardType === 'PHYSICAL' && !GONE.has(order.status)) orders.push(order);
  }
  return orders;
}

/** Statuses of orders that the user can cancel safely. Cancelling a PRODUCED order would block a customer's card. */
const CANCELLABLE = new Set(['PLACED', 'REQUIREMENTS_FULFILLED', 'CARD_DETAILS_CREATED']);

/** Maximum number of orders in a message. */
const NAMED = 10;

function limitReached(
  ctx: Context,
  { profileId, orders }: { profileId: number; orders: readonly CardOrder[] },
  rejection?: Failure,
): Failure {
  // Oldest first: a card older than 60 days can't be produced, so its order is the best one to cancel.
  const cancellable = orders
    .filter(({ status }) => CANCELLABLE.has(status))
    .toSorted((left, right) => left.id - right.id);
  const named = cancellable.slice(0, NAMED).map(({ id, status }) => `${profileId}/${id} (${status})`);
  const more = cancellable.length > NAMED ? ` and ${cancellable.length - NAMED} more` : '';
  const [first] = cancellable;
  const message = `Profile ${profileId} has reached its limit of physical cards.`;
  const places = first ? ` Orders that can be cancelled: ${named.join(', ')}${more}.` : '';
  const command = first
    ? ['cancel', `${profileId}/${first.id}`]
    : ['orders', '--profile-id', String(profileId)];
  const advice = first ? 'Cancel an order that is not needed' : 'List the orders';
  return new Failure('limit-reached', `${message}${places}`, {
    hint: `Wise allows 1 physical card for each personal profile in production, and 10 in a sandbox. ${advice}: ${commandLine(command, ctx.invocation)}`,
    ...(rejection?.details && { details: rejection.details }),
  });
}
