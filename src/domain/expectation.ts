import type { Card } from './card.ts';
import type { ExitCode } from './errors/exit-codes.ts';
import type { FailureDocument } from './errors/failure.ts';

/** What may be expected of a value: this one, one of these, or within these bounds. */
export type Matcher =
  | Scalar
  | readonly Scalar[]
  | { not?: Scalar | readonly Scalar[]; min?: number; max?: number };

export type Scalar = string | number | boolean | null;

/** What an `expect` step says: field → what is expected of it. Durations are milliseconds. */
export type Expectation = Readonly<Record<string, Matcher>>;

/** An expectation that did not hold. */
export interface Unmet {
  field: string;
  /** For people: `produced`, `at most 30s`. */
  expected: string;
  actual: string;
}

/** What expectations are about. */
export interface Seen {
  card: Card | null;
  /** The step before, as it ended; null before the first one. */
  last: { exitCode: ExitCode; error: FailureDocument | null; durationMs: number } | null;
  /** The statuses of the card's events, as far as the journal has them: `PRODUCED`, `CARD_DETAILS_CREATED` … */
  events: readonly string[];
}
