import type * as v from 'valibot';
import type { OrderChecks } from '../../cards/order.ts';
import type { CardSession } from '../../cards/session/session.ts';
import type { Context } from '../../context/context.ts';
import type { ActionName } from '../../domain/action.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import type { KioskId } from '../../domain/ids.ts';
import type { RunStep, Unmet } from '../../domain/run.ts';

/** The definition of a step kind. `definitions.ts` lists all kinds. */
export interface StepDefinition<Body = unknown> {
  /** Keyword in scenario files. */
  kind: string;
  /** Description of the step kind, which editors show. */
  about: string;
  /** The step as the documentation shows it (default: the keyword alone). */
  example?: string;
  /** Schema of the value after the keyword. If it accepts null, the keyword may stand alone. */
  schema: v.GenericSchema<unknown, Body>;
  card: 'ordered' | 'needed' | 'optional';
  /**
   * True if the step's record is stored before the step starts: after a crash, kioskctl can neither detect that the
   * step was executed nor repeat it safely.
   */
  storedBefore: boolean;
  /**
   * Requirement of the step. `control`: the embedded sandbox. `simulation`: any sandbox. `confirmation`: in production,
   * the confirmation of the user. null for none.
   */
  requires: 'control' | 'simulation' | 'confirmation' | null;
  /**
   * Set for a step without effect. Such a step has no default timeout, and does not count as the previous step's
   * result.
   */
  isCheck?: true;
  /**
   * Fields without personal data. If set, the values of all other fields may be personal data, so they are neither
   * shown nor stored.
   */
  impersonalFields?: readonly string[];
  /** Returns the text after the keyword in the title. Not called for values that may be personal data. */
  title?(body: Body): string | null;
  /** Validates the step for a card before anything is sent. @returns the mistake; null for none */
  check?(body: Body, card: { kioskId: KioskId | null }): string | null;
  /**
   * Returns the destination of the card; null for the kiosk of the plan. Only steps that send cards have this function.
   */
  kiosk?(body: Body, session: CardSession): Promise<KioskId | null>;
  /** Adds data to the step's record, for resuming after a crash. Called before the record is stored. */
  prepare?(work: StepWork, body: Body): Promise<void>;
  /** Executes the step. @returns the unmet expectations @throws Failure */
  run(work: StepWork, body: Body): Promise<readonly Unmet[] | void>;
  /**
   * Removes effects of the step that go beyond its card, such as faults. Called after all steps of the card have ended.
   * @throws Failure
   */
  cleanUp?(work: Pick<StepWork, 'ctx' | 'key'>): Promise<void>;
}

/** Input of a step. */
export interface StepWork {
  /** Context with the timeout of the step. */
  ctx: Context;
  session: CardSession;
  /** Record of the step in the journal. */
  entry: RunStep;
  /** Unique key of this step and card. Unchanged when the step is repeated after a crash. */
  key: string;
  /** Cached validation of orders, shared by all cards of the run. */
  checks: OrderChecks;
  /** Destination of the card; null for a step that sends nothing. */
  kioskId: KioskId | null;
  /** Milliseconds; null if neither the step nor the scenario sets a timeout. */
  timeout: number | null;
  /** Id of the attempt that an earlier step made in this process; null for none. */
  attemptId: string | null;
  /** True if the previous step read the card. */
  isSeen: boolean;
  /** The result of the last action step (not a check). */
  last: StepEnd | null;
  /** Number of attempts on the card that interrupted steps made without effect. */
  lostAttempts: number;
  /** Performs an action on the card, and records it in the audit log. */
  record: (action: ActionName, work: () => Promise<unknown>) => Promise<void>;
}

export interface StepEnd {
  exitCode: ExitCode;
  error: FailureDocument | null;
  durationMs: number;
}

/**
 * Reaction to a failed step. `stop`: skips the card's other steps. `continue`: executes them. `stop-run`: skips them,
 * and starts no further card of the run.
 */
export type OnFailure = 'stop' | 'continue' | 'stop-run';

/** A step of one card, after variables are replaced and loops unrolled. */
export interface Step {
  definition: StepDefinition;
  /** The value, parsed with the definition's schema. */
  body: unknown;
  /** Index among the card's steps, from 0. Used to resume a run. */
  index: number;
  /** Title in reports, without personal data: `produce WIS00001`. */
  title: string;
  /** Path in the scenario file. */
  path: readonly (string | number)[];
  /** Milliseconds; null if neither the step nor the scenario sets a timeout. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** Infers the type of a step's value from its schema, and checks the definition at compile time. */
export function defineStep<Body>(definition: StepDefinition<Body>): StepDefinition {
  return definition;
}
