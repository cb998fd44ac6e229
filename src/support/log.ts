import type { Context } from '../context/context.ts';
import { type ActionName, type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import type { CardName, KioskId } from '../domain/ids.ts';
import { completeReference } from '../events/list-events.ts';
import type { ActionFilter } from '../journal/journal.ts';

/** A filter for the audit log. Null or empty criteria match everything. */
export interface ActionSelection {
  card: CardName | null;
  kioskIds: readonly KioskId[];
  acts: readonly ActionName[];
  user: string | null;
  host: string | null;
  /** True to omit actions that succeeded or are still running. */
  isFailed: boolean;
  /** Earliest start time, in milliseconds since the epoch; null for any. */
  since: number | null;
  /** Time before which actions must have started, in milliseconds since the epoch; null for any. */
  until: number | null;
}

export interface AuditTrail {
  /** Oldest first. */
  acts: ActionRecord[];
  /** Number of all matching actions. */
  total: number;
}

/** Returns the newest matching actions of this environment, in all contexts. @param limit maximum number of actions */
export async function auditTrail(
  ctx: Context,
  { selection, limit }: { selection: ActionSelection; limit: number },
): Promise<AuditTrail> {
  const filter = await toFilter(ctx, selection);
  if (!selection.isFailed) {
    const acts = await ctx.journal.listActions({ ...filter, limit });
    return { acts, total: acts.length < limit ? acts.length : await ctx.journal.countActions(filter) };
  }
  // SQL can't distinguish running from killed actions, so filter before applying the limit.
  const found = await ctx.journal.listActions(filter);
  const acts = found.filter((action) => outcomeOfAction(action) !== 'running');
  return { acts: acts.slice(-limit), total: acts.length };
}

async function toFilter(ctx: Context, selection: ActionSelection): Promise<ActionFilter> {
  const { card, kioskIds, acts, user, host, isFailed, since, until } = selection;
  return {
    ...(card && { card: await completeReference(ctx, card) }),
    ...(kioskIds.length > 0 && { kioskIds }),
    ...(acts.length > 0 && { actions: acts }),
    ...(user !== null && { user }),
    ...(host !== null && { host }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
    isFailed,
  };
}
