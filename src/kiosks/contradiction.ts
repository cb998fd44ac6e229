import { findErrors } from '../domain/errors/error-catalogue.ts';
import type { Selection } from '../domain/selection.ts';
import type { Stage } from '../domain/stage.ts';

/** A refused request leaves its card as it was: ready, or failed. */
const REFUSED = new Set<Stage>(['ready', 'failed']);

/** Nothing is left to produce. */
const ENDED = new Set<Stage>(['produced', 'completed', 'cancelled', 'returned']);

/**
 * Why no card can ever fit a selection; null when one may.
 * @param now by the vendor's clock, in milliseconds since the epoch
 */
export function contradictionIn(selection: Selection, now: number): string | null {
  const { stages, isFailed, errorCodes, expiringDays, since } = selection;
  const named = stages?.join(', ') ?? '';
  if (since !== undefined && since > now) return '--since is in the future.';
  if (!stages) return null;
  if (isFailed && !stages.some((stage) => REFUSED.has(stage)))
    return `--failed and --stage ${named} contradict each other.`;
  const codes = errorCodes ?? [];
  if (codes.length > 0 && !codes.some((code) => stages.some((stage) => mayEndIn(stage, code))))
    return `A card that is ${named} has no error ${codes.join(', ')}.`;
  if (expiringDays !== undefined && stages.every((stage) => ENDED.has(stage)))
    return `--expiring and --stage ${named} contradict each other: such a card needs no days any more.`;
  return null;
}

/** May a card with this error be in this stage? Nobody knows of a code that is not documented. */
function mayEndIn(stage: Stage, code: string): boolean {
  const kinds = findErrors(code).map(({ kind }) => kind);
  const isOfProduction = kinds.length > 0 && !kinds.includes('request');
  return isOfProduction ? stage === 'failed' : REFUSED.has(stage);
}
