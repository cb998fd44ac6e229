import type { Context } from '../../context/context.ts';
import type { Outcome } from '../../domain/attempt.ts';
import { cardLabel } from '../../domain/card.ts';
import { failure } from '../../domain/errors/failure.ts';
import type { CardToken } from '../../domain/ids.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { killedWindowOf, type Moment, restoreWindowLeft } from '../../domain/times/settle-window.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import { checkAttempt } from './reconcile.ts';
import { type CardSession, statusOf } from './session.ts';

/** Outcomes of closed attempts whose request may still arrive within the settle window. */
const MAY_ARRIVE: ReadonlySet<Outcome> = new Set<Outcome>(['superseded', 'abandoned']);

export function momentOf({ uptime, wise }: Context): Moment {
  return { boot: uptime.boot, uptime: uptime.now(), vendorTime: wise.serverTime };
}

/**
 * Waits until no earlier request for the card can arrive.
 * @throws Failure `outcome-unknown` at the deadline; the signal's reason
 */
export async function waitForWindows(
  ctx: Context,
  session: CardSession,
  cardToken: CardToken,
): Promise<void> {
  await waitAfterRestore(ctx, session, cardToken);
  const attempts = await ctx.journal.listAttempts(cardToken);
  const closed = attempts.filter(({ outcome }) => MAY_ARRIVE.has(outcome));
  const open = closed.filter(({ settleWindow }) => !settleWindow?.isOver);
  const last = open.at(-1);
  if (!last) return;
  // The clock of Wise may prove that the window has passed.
  const { read } = await session.read();
  const checks = [];
  for (const attempt of open) checks.push({ attempt, ...(await checkAttempt(ctx, attempt, read)) });
  const left = Math.max(...checks.map((one) => one.left));
  if (left === 0) return;
  await sleepThrough(ctx, session, {
    left,
    state: `attempt ${last.number} may still arrive; waiting for the end of its settle window`,
    cause: `the request of attempt ${last.number} may still arrive`,
    hint: `Check the card, and try again after that: ${statusOf(ctx, session)}`,
  });
  for (const { attempt, window } of checks)
    await ctx.journal.recordWindow({ ...attempt, settleWindow: window }, { ...window, isOver: true });
}

/**
 * Waits before the first request for a card after a restore of the journal. A request sent after the backup may still
 * arrive, and the journal does not have it. The wait starts when this process first sees the restore, so several cards
 * wait in parallel.
 */
async function waitAfterRestore(ctx: Context, session: CardSession, cardToken: CardToken): Promise<void> {
  const { journal, calendar, timing } = ctx;
  const mark = await journal.findRestoreMark(cardToken);
  if (!mark) return;
  const left = restoreWindowLeft(mark.seenFor, timing);
  const restored = `the journal was restored, or its server failed over, at ${utcTime(mark.restoredAt)}`;
  if (left > 0)
    await sleepThrough(ctx, session, {
      left,
      state: `${restored}; waiting, because a request may have been sent that it does not have`,
      cause: `${restored}; a request that it does not have may still arrive`,
      hint: `Run the command again with a --timeout of more than ${roundedUp(killedWindowOf(timing))}: each command waits the whole window.`,
    });
  await journal.clearRestoreMark(cardToken, calendar.now());
}

interface Sleep {
  left: number;
  /** Progress text during the wait. */
  state: string;
  /** Reason and advice for the failure if the deadline comes before the end of the wait. */
  cause: string;
  hint: string;
}

async function sleepThrough(
  ctx: Context,
  session: CardSession,
  { left, state, cause, hint }: Sleep,
): Promise<void> {
  const { stopwatch, report, signal } = ctx;
  const card = cardLabel(session.card);
  const remaining = stopwatch.until(session.deadline);
  report.note(`Card ${card}: ${state} (${roundedUp(left)}).`);
  report.progress({
    kind: 'wait',
    card,
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
  if (remaining >= left) return;
  const message = `Card ${card} was not sent: ${cause} for ${roundedUp(left - remaining)}.`;
  throw failure('outcome-unknown', message, hint);
}

function roundedUp(milliseconds: number): string {
  return formatDuration(Math.ceil(milliseconds / 1_000) * 1_000);
}
