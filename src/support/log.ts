import type { Context } from '../context/context.ts';
import { type ActionName, type ActionRecord, outcomeOfAction } from '../domain/action.ts';
import type { CardToken, KioskId, Reference } from '../domain/ids.ts';
import type { ActionFilter } from '../journal/journal.ts';

/** Which acts to tell; what is null doesn't matter, nor does an empty list. */
export interface ActionSelection {
  card: Reference | null;
  kioskIds: readonly KioskId[];
  acts: readonly ActionName[];
  user: string | null;
  host: string | null;
  /** Leaves out those that ended well, or still go on. */
  isFailed: boolean;
  /** When it began, in milliseconds since the epoch: from, and until but not including. */
  since: number | null;
  until: number | null;
}

export interface AuditTrail {
  /** Oldest first. */
  acts: ActionRecord[];
  /** Are there older ones that fit? */
  hasMore: boolean;
}

/** The newest acts of this environment that fit, whichever context did them, as many as `limit`. */
export async function auditTrail(
  ctx: Context,
  { selection, limit }: { selection: ActionSelection; limit: number },
): Promise<AuditTrail> {
  const filter = await toFilter(ctx, selection);
  // Which of those without an end go on, the processes tell: they can't be left out before they are counted.
  const found = await ctx.journal.listActions(selection.isFailed ? filter : { ...filter, limit: limit + 1 });
  const acts = selection.isFailed ? found.filter((act) => outcomeOfAction(act) !== 'running') : found;
  return { acts: acts.slice(-limit), hasMore: acts.length > limit };
}

async function toFilter(ctx: Context, selection: ActionSelection): Promise<ActionFilter> {
  const { card, kioskIds, acts, user, host, isFailed, since, until } = selection;
  return {
    ...(card && { card: await nameCard(ctx, card) }),
    ...(kioskIds.length > 0 && { kioskIds }),
    ...(acts.length > 0 && { actions: acts }),
    ...(user !== null && { user }),
    ...(host !== null && { host }),
    ...(since !== null && { since }),
    ...(until !== null && { until }),
    isFailed,
  };
}

/** A card under both its names, as far as the journal knows how they belong together. */
export interface NamedCard {
  cardToken: CardToken | null;
  orderId: number | null;
}

/** Finds the other name of a card; acts and events may have either. */
export async function nameCard(ctx: Context, reference: Reference): Promise<NamedCard> {
  const known = await ctx.journal.findCard(reference);
  const { orderId } = reference;
  const cardToken = reference.cardToken ?? known?.cardToken ?? null;
  if (cardToken !== null || orderId === null)
    return { cardToken, orderId: orderId ?? known?.orderId ?? null };
  return { cardToken: await ctx.journal.findCardToken(orderId), orderId };
}
