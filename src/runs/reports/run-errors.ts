import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import type { Actor, ErrorKind } from '../../domain/errors/error-row.ts';
import { meaningOf } from '../../domain/errors/exit-codes.ts';
import type { RunStep } from '../../domain/run.ts';
import { redact } from '../../domain/text/redaction.ts';

/** An error that steps of a run ended with. */
export interface RunError {
  /** The vendor's error code, or the stable code of another failure, like `unreachable`. */
  code: string;
  /** `failure`: one without a code of the error catalogue. */
  kind: ErrorKind | 'failure';
  /** How many steps ended with it, those included after which the scenario goes on. */
  count: number;
  /** Of those, how many the scenario goes on after. */
  tolerated: number;
  meaning: string;
  /** Who has to act; null where that depends. */
  actor: Actor | null;
  nextStep: string;
}

const KINDS = new Map<string, ErrorKind>([
  ['production-failed', 'production'],
  ['production-refused', 'request'],
]);

/** Gathers the errors of a run: kept once each, however many cards had them. */
export class RunErrors {
  readonly #errors = new Map<string, RunError>();

  add(step: Pick<RunStep, 'error' | 'outcome' | 'exitCode'>): void {
    const error = describeError(step);
    if (!error) return;
    const key = `${error.kind} ${error.code}`;
    const known = this.#errors.get(key) ?? error;
    known.count += 1;
    if (step.outcome === 'tolerated') known.tolerated += 1;
    this.#errors.set(key, known);
  }

  /** The most frequent ones first. */
  list(): RunError[] {
    return [...this.#errors.values()].toSorted(
      (left, right) => right.count - left.count || (left.code < right.code ? -1 : 1),
    );
  }
}

/** What the error of a step means, and who acts; null for a step without one. */
export function describeError({ error, exitCode }: Pick<RunStep, 'error' | 'exitCode'>): RunError | null {
  if (!error) return null;
  const kind = KINDS.get(error.code);
  if (!kind) {
    const meaning = meaningOf(exitCode) ?? 'a failure without a meaning of its own';
    const nextStep = redact(error.hint);
    return { code: error.code, kind: 'failure', count: 0, tolerated: 0, meaning, actor: null, nextStep };
  }
  const { code, meaning, actor, nextStep } = lookUpError(kind, error.details?.errorCode ?? null);
  return { code, kind, count: 0, tolerated: 0, meaning, actor, nextStep };
}
