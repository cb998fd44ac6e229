import { ageOf, type Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import {
  type Attempt,
  followUp,
  isOpen,
  isUnsettled,
  type Outcome,
  observedOutcome,
  readProduction,
} from '../../domain/attempt.ts';
import type { CardToken } from '../../domain/ids.ts';
import { isSameProduction, type Production } from '../../domain/production.ts';
import { checkWindow, type Moment, type SettleWindow } from '../../domain/times/settle-window.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';

interface ProductionRead {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken;
  production: Production | null;
  /** Time of the request for the production, in milliseconds since the epoch. */
  readAt: number;
  /** Time of the read; null if an event reported the production. */
  read: ReadTime | null;
}

/** The time at which a production was read. */
export interface ReadTime {
  /** Time of the request. */
  asked: Instant;
  /** `Date` header of the response, in milliseconds since the epoch; null if unknown. */
  vendorTime: number | null;
}

/**
 * Returns the present moment. Its `vendorTime` is the latest time that Wise's clock can show: the `Date` header plus
 * the time since the request. This time is never too early, even after a late response or a suspension of the machine.
 */
export function latestMoment(ctx: Context, { asked, vendorTime }: ReadTime): Moment {
  const { boot } = ctx.uptime;
  const latest = vendorTime === null ? null : vendorTime + ageOf(asked, ctx);
  return { boot, uptime: ctx.uptime.now(), vendorTime: latest };
}

/**
 * Milliseconds by which a recorded send time may be ahead of the clock. If it is further ahead, a hint reports that the
 * clock was set back.
 */
const CLOCK_TOLERANCE_MS = 2_000;

/** Outcomes for which a production newer than the baseline belongs to the attempt. */
const BELONGING = new Set<Outcome>(['accepted', 'produced', 'failed', 'refused']);

/**
 * Reconciles the journal with a production: updates the open attempt, and records a new attempt of another system.
 * @returns the latest attempt on the card
 */
export async function reconcile(ctx: Context, read: ProductionRead): Promise<Attempt | null> {
  const { cardToken, profileId, orderId, production, readAt } = read;
  await ctx.journal.rememberProduction(cardToken, production, readAt);
  const latest = await ctx.journal.latestAttempt(cardToken);
  const attempt = latest && isOpen(latest) ? await updateAttempt(ctx, latest, read) : latest;
  const outcome = observedOutcome(attempt, production);
  if (!production || outcome === null) return attempt;
  const { kioskId } = production;
  const observed = { cardToken, profileId, orderId, kioskId, outcome, production, at: readAt };
  return ctx.journal.recordObserved(observed);
}

async function updateAttempt(
  ctx: Context,
  attempt: Attempt,
  { production, readAt, read }: ProductionRead,
): Promise<Attempt> {
  // The sending process is waiting for the response, which is more precise than the production.
  if (attempt.outcome === 'sent' && (await ctx.journal.isHeld(attempt)) !== false) return attempt;
  // An event never permits another request: only a read of the API can prove that the first request did not arrive.
  const check = isUnsettled(attempt) && read !== null ? await checkAttempt(ctx, attempt, read) : null;
  const outcome = followUp(attempt, production, { isWindowOver: check?.left === 0 });
  // An older production may still be that of an earlier attempt, so it is not stored with this one.
  const reading = readProduction(attempt, production);
  const belongs = reading !== 'unchanged' && reading !== 'undecidable' && BELONGING.has(outcome);
  const isNews =
    outcome !== attempt.outcome || (belongs && !isSameProduction(production, attempt.production));
  if (!isNews) return attempt;
  return ctx.journal.update(attempt, {
    outcome,
    production: belongs ? production : null,
    ...(outcome === 'not-seen' && check && { onlyIfWindow: check.window }),
    at: readAt,
  });
}

/** Computes how much of an attempt's settle window was left at a read, in milliseconds, and records the window. */
export async function checkAttempt(
  ctx: Context,
  attempt: Attempt,
  read: ReadTime,
): Promise<{ left: number; window: SettleWindow }> {
  const { asked, vendorTime } = read;
  const now = { boot: ctx.uptime.boot, uptime: asked.uptime, vendorTime };
  const { settleWindow } = attempt;
  const { left, window, isNews } = checkWindow(
    settleWindow,
    { now, begin: latestMoment(ctx, read) },
    ctx.timing,
  );
  // Another process has recorded a later window, which the next read checks.
  const isStale = isNews && !(await ctx.journal.recordWindow(attempt, window));
  nameWrongClock(ctx, attempt);
  return { left: isStale ? Math.max(left, 1) : left, window };
}

function nameWrongClock({ calendar, report }: Context, { number, sentAt }: Attempt): void {
  if (sentAt === null || sentAt - calendar.now() <= CLOCK_TOLERANCE_MS) return;
  report.hint(
    `clock ${number}`,
    `Attempt ${number} was sent at ${utcTime(sentAt)}, but the clock of this machine shows ${utcTime(calendar.now())}: it was set back. The settle window does not depend on it. Check the clock.`,
  );
}
