import type { Context } from '../context/context.ts';
import { type ActionName, type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import type { CardName, KioskId } from '../domain/ids.ts';
import { completeReference } from '../events/list-events.ts';
import type { ActionFilter } from '../journal/journal.ts';

/** A filter for actions; criteria that are null or empty match all. */
export interface ActionSelection {
  card: CardName | null;
  kioskIds: readonly KioskId[];
  acts: readonly ActionName[];
  user: string | null;
  host: string | null;
  /** True to leave out actions that succeeded or are still running. */
  isFailed: boolean;
  /** Start of the action in milliseconds since the epoch: from, and until (exclusive). */
  since: number | null;
  until: number | null;
}

export interface AuditTrail {
  /** Oldest first. */
  acts: ActionRecord[];
  /** The number of all actions that match. */
  total: number;
}

/** Returns the newest matching actions of this environment, of all contexts, at most `limit`. */
export async function auditTrail(
  ctx: Context,
  { selection, limit }: { selection: ActionSelection; limit: number },
): Promise<AuditTrail> {
  const filter = await toFilter(ctx, selection);
  if (!selection.isFailed) {
    const acts = await ctx.journal.listActions({ ...filter, limit });
    return { acts, total: acts.length < limit ? acts.length : await ctx.journal.countActions(filter) };
  }
  // SQL can't tell running actions from killed ones, so they are filtered before the limit counts.
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
