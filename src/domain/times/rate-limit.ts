/** Maximum number of requests per window. */
export interface RateLimit {
  requests: number;
  /** Length of the window, in milliseconds. */
  within: number;
}

/** Margin for clock drift between client and server (0.1 %). */
const DRIFT = 1.001;
/** Milliseconds without a report after which a process counts as killed and its requests count as answered. */
const SILENCE_MS = 30_000;
/** Maximum pause before a process asks again, in milliseconds, while other processes may return permits at any time. */
const POLL_MS = 100;
/** Rounding of response times, in milliseconds: times younger than `until` are rounded to `step`. */
const FINE = { step: 10, until: 2_000 };
/**
 * Rounding of older response times, in milliseconds. It can be coarse, because they only count for the limit per
 * minute.
 */
const COARSE_STEP = 250;

/** Returns the time for which a request counts after its response, in milliseconds. */
export function periodOf({ within }: RateLimit): number {
  return within * DRIFT;
}

/**
 * The requests and permits of all processes of a client. Times are milliseconds on a clock that the processes share.
 */
export interface SharedRate {
  /** Time of the last change. */
  at: number;
  /** End of a pause that Wise requires. No process sends before it. */
  blockedUntil: number;
  /** Permits in use, by process. */
  users: Readonly<Record<string, RateUser>>;
  /** Number of completed requests by the time of their response, oldest first. */
  answered: readonly Answered[];
}

interface RateUser {
  /** Number of the process's permits that are unused, or whose requests have no response yet. */
  permits: number;
  /** Number of these permits that may be reserved for later requests. */
  reserved: number;
  seenAt: number;
}

type Answered = readonly [at: number, count: number];

export const UNUSED_RATE: SharedRate = { at: 0, blockedUntil: 0, users: {}, answered: [] };

/** A process's report of its permits, with its request for more. Permits that are not in `kept` are returned. */
export interface PermitRequest {
  /** Number of permits that are reserved, or whose requests have no response yet. */
  kept: number;
  reserved: number;
  wanted: number;
  /** True if some of the requested permits are for reservations. */
  isReservation: boolean;
  /** Ages of the responses since the last report, in milliseconds. */
  answerAges: readonly number[];
  /** Milliseconds for which no process may send, because Wise requires a pause; 0 for none. */
  blockFor: number;
}

export interface PermitGrant {
  permits: number;
  /** True if the permits may be reserved for later requests. */
  mayReserve: boolean;
  /** Milliseconds until the process should ask again, if no permits were granted. */
  retryIn: number;
  /** Milliseconds for which no process may send; 0 for none. */
  blockedFor: number;
}

/**
 * Decides how many permits a process gets. A permit is in use from its grant until the response to its request. The
 * response then counts for one window of each limit. Thus a limit is never exceeded, however long requests travel.
 */
export function takePermits(
  stored: SharedRate,
  request: PermitRequest,
  { user, limits, now }: { user: string; limits: readonly RateLimit[]; now: number },
): { rate: SharedRate; grant: PermitGrant } {
  const known = withoutSetBack(stored, now);
  const { kept, reserved, wanted, isReservation, answerAges, blockFor } = request;
  const { users: others, ended } = withoutSilent(known.users, { user, now });
  const answers = answerAges.map((age): Answered => [now - age, 1]);
  const answered = compact([...known.answered, ...ended, ...answers], { limits, now });
  const blockedUntil = Math.max(known.blockedUntil, now + blockFor);
  const blockedFor = Math.max(0, blockedUntil - now);
  const inUse = kept + sumOf(others, 'permits');
  const free = Math.min(...limits.map((limit) => limit.requests - inUse - countWithin(answered, limit, now)));
  const permits = blockedFor > 0 ? 0 : Math.max(0, Math.min(wanted, free));
  const mostReserved = Math.floor(Math.min(...limits.map(({ requests }) => requests)) / 2);
  const mayReserve = isReservation && sumOf(others, 'reserved') + reserved + permits <= mostReserved;
  const own = { permits: kept + permits, reserved: reserved + (mayReserve ? permits : 0), seenAt: now };
  const users = own.permits > 0 ? { ...others, [user]: own } : others;
  const retryIn = permits > 0 ? 0 : Math.max(blockedFor, nextFree(answered, { limits, now, inUse }));
  return {
    rate: { at: now, blockedUntil, users, answered },
    grant: { permits, mayReserve, retryIn, blockedFor },
  };
}

/**
 * Moves all times back if the clock was set back or restarted since the last change, as if no time had passed since
 * then.
 */
function withoutSetBack(rate: SharedRate, now: number): SharedRate {
  const by = rate.at - now;
  if (by <= 0) return rate;
  const users = Object.entries(rate.users).map(([id, user]) => [id, { ...user, seenAt: user.seenAt - by }]);
  return {
    at: now,
    blockedUntil: rate.blockedUntil - by,
    users: Object.fromEntries(users),
    answered: rate.answered.map(([at, count]) => [at - by, count]),
  };
}

/** Drops the permits of processes that stopped reporting. */
function withoutSilent(
  users: SharedRate['users'],
  { user, now }: { user: string; now: number },
): { users: SharedRate['users']; ended: Answered[] } {
  const others = Object.entries(users).filter(([id]) => id !== user);
  const isSilent = ({ seenAt }: RateUser) => now - seenAt >= SILENCE_MS;
  return {
    users: Object.fromEntries(others.filter(([, one]) => !isSilent(one))),
    ended: others
      .filter(([, one]) => isSilent(one))
      .map(([, { seenAt, permits }]): Answered => [seenAt + SILENCE_MS, permits]),
  };
}

function sumOf(users: SharedRate['users'], field: 'permits' | 'reserved'): number {
  return Object.values(users).reduce((sum, one) => sum + one[field], 0);
}

/**
 * Drops responses that no longer count, and merges responses of about the same time. Times are rounded up, so that no
 * response counts for a shorter time.
 */
function compact(
  answered: readonly Answered[],
  { limits, now }: { limits: readonly RateLimit[]; now: number },
): Answered[] {
  const longest = Math.max(...limits.map(periodOf));
  const kept: [at: number, count: number][] = [];
  let last: [at: number, count: number] | undefined;
  for (const [at, count] of answered) {
    const step = now - at < FINE.until ? FINE.step : COARSE_STEP;
    const rounded = Math.ceil(at / step) * step;
    if (rounded + longest <= now) continue;
    if (last && last[0] >= rounded) last[1] += count;
    else kept.push((last = [rounded, count]));
  }
  return kept;
}

function countWithin(answered: readonly Answered[], limit: RateLimit, now: number): number {
  const from = now - periodOf(limit);
  let sum = 0;
  for (let index = answered.length - 1; index >= 0; index -= 1) {
    const [at, count] = answered[index] ?? [from, 0];
    if (at <= from) break;
    sum += count;
  }
  return sum;
}

/** Returns the milliseconds until each limit allows another request. */
function nextFree(
  answered: readonly Answered[],
  { limits, now, inUse }: { limits: readonly RateLimit[]; now: number; inUse: number },
): number {
  const waits = limits.map((limit) => {
    const period = periodOf(limit);
    const counting = answered.filter(([at]) => at + period > now);
    let tooMany = inUse + counting.reduce((sum, [, count]) => sum + count, 0) - limit.requests + 1;
    if (tooMany <= 0) return 0;
    for (const [at, count] of counting) {
      tooMany -= count;
      if (tooMany <= 0) return at + period - now;
    }
    return Number.POSITIVE_INFINITY;
  });
  const wait = Math.max(...waits);
  return inUse > 0 ? Math.min(wait, POLL_MS) : wait;
}
