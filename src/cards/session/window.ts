import type { Context } from '../../context/context.ts';
import type { Attempt, Outcome } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import type { CardToken } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import type { Moment } from '../../domain/times/settle-window.ts';
import { checkAttempt } from './reconcile.ts';
import { type CardSession, statusOf } from './session.ts';

/** Closed attempts whose request may still arrive within their settle window. */
const MAY_ARRIVE: ReadonlySet<Outcome> = new Set<Outcome>(['superseded', 'abandoned']);

export function momentOf({ uptime, wise }: Context): Moment {
  return { boot: uptime.boot, uptime: uptime.now(), vendorTime: wise.serverTime };
}

/**
 * Waits until no earlier request for the card may arrive any more.
 * @throws Failure `outcome-unknown` when the deadline comes first; the signal's reason
 */
export async function waitForWindows(
  ctx: Context,
  session: CardSession,
  cardToken: CardToken,
): Promise<void> {
  const attempts = await ctx.journal.listAttempts(cardToken);
  const closed = attempts.filter(({ outcome }) => MAY_ARRIVE.has(outcome));
  const open = closed.filter(({ settleWindow }) => !settleWindow?.isOver);
  const last = open.at(-1);
  if (!last) return;
  // The clock of Wise may prove that the window has passed.
  if (!session.latest) await session.read();
  const now = momentOf(ctx);
  const checks = [];
  for (const attempt of open) checks.push(await checkAttempt(ctx, attempt, now));
  const left = Math.max(...checks.map((one) => one.left));
  if (left === 0) return;
  await sleepThrough(ctx, session, { last, left });
  for (const { end } of checks) await end();
}

async function sleepThrough(
  ctx: Context,
  session: CardSession,
  { last, left }: { last: Attempt; left: number },
): Promise<void> {
  const { stopwatch, report, signal } = ctx;
  const remaining = stopwatch.until(session.deadline);
  const state = `attempt ${last.number} may still arrive, waiting for its settle window`;
  report.note(
    `Card ${cardLabel(session.card)}: ${state} (${formatDuration(Math.ceil(left / 1_000) * 1_000)}).`,
  );
  report.progress({
    kind: 'wait',
    card: cardLabel(session.card),
    state,
    since: session.startedAt,
    deadline: session.deadline,
    lastReadAt: session.readAt,
    outage: null,
  });
  try {
    await stopwatch.sleep(Math.max(0, Math.min(left, remaining)), signal);
  } finally {
    report.progress(null);
  }
  if (remaining < left) throw windowOpen(ctx, session, { last, left: left - remaining });
}

function windowOpen(
  ctx: Context,
  session: CardSession,
  { last, left }: { last: Attempt; left: number },
): Failure {
  const rest = formatDuration(Math.ceil(left / 1_000) * 1_000);
  return failure(
    'outcome-unknown',
    `Card ${cardLabel(session.card)} was not sent: the request of attempt ${last.number} may still arrive for ${rest}.`,
    `Check the card, and run the command again after that: ${statusOf(ctx, session)}`,
  );
}
