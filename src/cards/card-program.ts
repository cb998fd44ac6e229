import type { Context } from '../context/context.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { PHYSICAL_CARD_LIMIT } from '../domain/order.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { CardProgram } from '../wire/orders.ts';
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
  if (programs.length === 0 || (await countPhysicalOrders(ctx, profileId)) > 0)
    return limitReached(ctx, profileId);
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
    const isAtLimit =
      programs.every(({ cardType }) => cardType !== 'PHYSICAL') ||
      (await countPhysicalOrders(ctx, profileId)) >= limit;
    return isAtLimit ? limitReached(ctx, profileId, rejection) : rejection;
  } catch {
    return rejection;
  }
}

async function countPhysicalOrders(ctx: Context, profileId: number): Promise<number> {
  let count = 0;
  for await (const order of allOrders(ctx, profileId)) {
    if (order.cardProgram?.cardType === 'PHYSICAL' && !GONE.has(order.status)) count += 1;
  }
  return count;
}

function limitReached(ctx: Context, profileId: number, rejection?: Failure): Failure {
  return new Failure('limit-reached', `Profile ${profileId} has reached its limit of physical cards.`, {
    hint: `Wise allows 1 physical card a profile in production and 10 in a sandbox. See them: ${commandLine(
      ['orders', '--profile-id', String(profileId)],
      ctx.invocation,
    )}`,
    ...(rejection?.details && { details: rejection.details }),
  });
}
