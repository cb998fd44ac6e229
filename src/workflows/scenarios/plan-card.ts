import type { Reference } from '../../domain/reference.ts';
import type { Step, Values } from './scenario.ts';

/** What one card of a run is given before its steps are known. */
export interface CardGiven {
  /** From 1. */
  number: number;
  runId: string;
  environment: string;
  /** The kiosk whose turn it is; null where none is known. */
  kioskId: string | null;
  /** From `--var` and from the card's row, which wins. */
  values: Values;
}

/** One card's way, worked out before anything is sent. */
export interface PlannedCard {
  number: number;
  /** The line of the data file that it was made of. */
  row: number | null;
  kioskId: string | null;
  /** An existing card that the steps are done with, until one orders another. */
  card: Reference | null;
  steps: readonly Step[];
}
