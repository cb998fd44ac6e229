import type { ProductionOutcome, Track } from './tables/productions.ts';

/**
 * The strict machine of a card's production, as the vendor documents it:
 * none → READY → IN_PROGRESS → PRODUCED | PRODUCTION_ERROR → IN_PROGRESS …
 * Pure: no I/O and no clock of its own. It shares nothing with domain/stage, so that one misreading of the vendor's
 * pages does not pass both.
 */

/** @returns null when the card is READY or further already */
export function becomeReady(track: Track, at: number): Track | null {
  if (track.production) return null;
  const occurredAt = nextTime(track, at);
  return {
    ...track,
    production: { status: 'READY', kioskId: null, occurredAt, errorCode: null },
    latestAt: occurredAt,
  };
}

/** Why a produce request can't be taken now; null when it can. */
export function whyRefused({
  production,
  queued,
}: Track): 'UNABLE_TO_ACCEPT_REQUEST' | 'REQUEST_ALREADY_EXISTS' | null {
  if (!production) return 'UNABLE_TO_ACCEPT_REQUEST';
  const isTaken = queued !== null || production.status === 'IN_PROGRESS' || production.status === 'PRODUCED';
  return isTaken ? 'REQUEST_ALREADY_EXISTS' : null;
}

/** Takes a produce request. Only for a track that does not refuse it. */
export function accept(track: Track, { kioskId, at }: { kioskId: string; at: number }): Track {
  return start({ ...track, queued: { kioskId, occurredAt: nextTime(track, at) } }) ?? track;
}

/** Takes a produce request that starts later. Only for a track that does not refuse it. */
export function enqueue(track: Track, { kioskId, at }: { kioskId: string; at: number }): Track {
  const occurredAt = nextTime(track, at);
  return { ...track, queued: { kioskId, occurredAt }, latestAt: occurredAt };
}

/** Gives a refused request its time, and leaves the production as it was. */
export function refuse(track: Track, at: number): Track & { latestAt: number } {
  return { ...track, latestAt: nextTime(track, at) };
}

/** The queued request begins; its time stays the one at which it was sent. @returns null when nothing is queued */
export function start(track: Track): Track | null {
  if (!track.queued) return null;
  const { kioskId, occurredAt } = track.queued;
  return {
    production: { status: 'IN_PROGRESS', kioskId, occurredAt, errorCode: null },
    queued: null,
    latestAt: Math.max(track.latestAt ?? occurredAt, occurredAt),
  };
}

/** The attempt in progress ends; its time stays. @returns null when none is in progress */
export function finish(track: Track, { status, errorCode }: ProductionOutcome): Track | null {
  const { production } = track;
  if (production?.status !== 'IN_PROGRESS') return null;
  return {
    ...track,
    production: {
      ...production,
      status,
      errorCode: status === 'PRODUCTION_ERROR' ? (errorCode ?? 'UNKNOWN_ERROR') : null,
    },
  };
}

/** Forgets a queued request, whose card was blocked meanwhile. */
export function dropQueued(track: Track): Track {
  return { ...track, queued: null };
}

/** Times on one card strictly increase, also where the clock stands still or goes back. */
function nextTime({ latestAt }: Track, at: number): number {
  return latestAt === null ? at : Math.max(at, latestAt + 1);
}
