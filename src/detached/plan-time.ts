/** The readings of the clocks at one moment. */
export interface PlanMoment {
  /** Clock of the server of the journal, in milliseconds since the epoch; null for a file. */
  server: number | null;
  /** Id of the machine's boot, and milliseconds since that boot, including time in suspend. */
  boot: string;
  uptime: number;
  /** Wise's clock at an answer right before, in milliseconds since the epoch; null without one. */
  vendor: number | null;
  /** Calendar of the machine. It can be set, so it proves nothing, but it may show that more time has passed. */
  calendar: number;
}

/** The clocks of a process that decides about a plan. */
export interface PlanClocks extends PlanMoment {
  /** Milliseconds by its own clocks since it saw the moment that counts: the approval, or its last sign of life. */
  observed: number;
}

/** Maximum age of an approval when it is stored, in milliseconds: the user must still be there. */
const APPROVAL_AGE_MS = 60_000;

/** Tolerance for clocks that are corrected, and for Wise's clock, which has whole seconds. */
const TOLERANCE_MS = 2_000;

/**
 * Returns the milliseconds that have passed since a moment: the most that any clock shows.
 * @returns null if no clock proves anything, or if one shows that it was set back
 */
export function elapsedSince(moment: PlanMoment, now: PlanClocks): number | null {
  const proofs = proofsOf(moment, now);
  const isProven = proofs.length > 0 && proofs.every((passed) => passed >= -TOLERANCE_MS);
  return isProven ? atLeastSince(moment, now) : null;
}

/** Returns the milliseconds that have passed since a moment, by the clocks that were not set back. */
export function atLeastSince(moment: PlanMoment, now: PlanClocks): number {
  // Calendars of different machines are never compared.
  const calendar = moment.boot === now.boot ? now.calendar - moment.calendar : 0;
  return Math.max(now.observed, calendar, ...proofsOf(moment, now));
}

function proofsOf({ server, boot, uptime, vendor }: PlanMoment, now: PlanClocks): number[] {
  return [
    ...(server !== null && now.server !== null ? [now.server - server] : []),
    ...(boot === now.boot ? [now.uptime - uptime] : []),
    ...(vendor !== null && now.vendor !== null ? [now.vendor - vendor] : []),
  ];
}

/** True if an approval may still be stored: a machine that slept after the last answer has no user any more. */
export function isFreshApproval(moment: PlanMoment, now: PlanClocks): boolean {
  const elapsed = elapsedSince(moment, now);
  return elapsed !== null && elapsed <= APPROVAL_AGE_MS;
}

/** Returns the moment of a sign of life: an answer of Wise may be old by then. */
export function beatOf({ server, boot, uptime, calendar }: PlanClocks): PlanMoment {
  return { server, boot, uptime, calendar, vendor: null };
}
