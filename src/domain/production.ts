import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * The production of a card as the vendor reports it (`GET …/cards/{cardToken}/production`): the latest data that it
 * received from the card manufacturer. `status` is READY, IN_PROGRESS, PRODUCED, PRODUCTION_ERROR, REQUEST_ERROR,
 * or a word that the vendor added since.
 */
export interface Production {
  status: string;
  kioskId: string | null;
  /** When the production request was sent to the kiosk, as the vendor writes it. */
  occurredAt: string | null;
  errorCode: string | null;
  description: string | null;
}

/** Which of two productions with equal times came first: events of one attempt may carry the same time. */
const RANK = new Map([
  ['READY', 0],
  ['IN_PROGRESS', 1],
  ['REQUEST_ERROR', 2],
  ['PRODUCTION_ERROR', 2],
  ['PRODUCED', 3],
]);

/** @returns undefined for a word that nobody documented, which can't be ordered */
export function rankOf(status: string | null): number | undefined {
  return RANK.get(status ?? '');
}

/**
 * Did `production` come after `earlier`? READY is the start of every card and PRODUCED its end, whatever their times
 * say; between the others the vendor's times decide, and equal times the rank.
 * @returns undefined when the times can't be ordered: then nothing may be concluded
 */
export function isLater(production: Production, earlier: Production | null): boolean | undefined {
  const rank = RANK.get(production.status);
  if (rank === undefined) return undefined;
  if (!earlier || earlier.status === 'READY') return rank > 0;
  if (production.status === 'READY' || earlier.status === 'PRODUCED') return false;
  if (production.status === 'PRODUCED') return true;
  const order = compareVendorTimes(production.occurredAt, earlier.occurredAt);
  if (order === undefined) return undefined;
  return order > 0 || (order === 0 && rank > (RANK.get(earlier.status) ?? 0));
}

/**
 * Which of two productions of a card tells where it stands: the later one. READY after a result is a new start (a sandbox
 * was reset); where nothing can be told, the one that was seen last.
 */
export function latestOf(known: Production | null, seen: Production): Production {
  if (!known) return seen;
  if (seen.status === 'READY' && (compareVendorTimes(seen.occurredAt, known.occurredAt) ?? 0) > 0)
    return seen;
  return isLater(known, seen) === true ? known : seen;
}
