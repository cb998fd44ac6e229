import type * as v from 'valibot';
import type { OrderChecks } from '../../cards/order.ts';
import type { CardSession } from '../../cards/session/session.ts';
import type { Context } from '../../context/context.ts';
import type { ActionName } from '../../domain/action.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import type { KioskId } from '../../domain/ids.ts';
import type { RunStep, Unmet } from '../../domain/run.ts';

/** The definition of a step kind. `definitions.ts` lists all of them. */
export interface StepDefinition<Body = unknown> {
  /** The word for it in scenario files. */
  kind: string;
  /** The description that editors show. */
  about: string;
  /** The schema of the value behind the word. If it accepts null, a file may have the word alone. */
  schema: v.GenericSchema<unknown, Body>;
  card: 'ordered' | 'needed' | 'optional';
  /** True to store the step before it starts: after a crash, it can be neither detected nor safely repeated. */
  storedBefore: boolean;
  /** `control`: the embedded sandbox. `simulation`: any sandbox. `confirmation`: in production, a user who confirms. */
  requires: 'control' | 'simulation' | 'confirmation' | null;
  /** Set for a step that changes nothing: the next step gets the result of the one before it, and it has no default timeout. */
  isCheck?: true;
  /** Set if values may be about a person, and are neither shown nor stored: the fields that can't be. */
  impersonalFields?: readonly string[];
  /** Returns the text after the word in the title. Not called for values that may be about a person. */
  title?(body: Body): string | null;
  /** Checks the step for a card of a kiosk before anything is sent. Returns the mistake. */
  check?(body: Body, card: { kioskId: KioskId | null }): string | null;
  /** Returns the kiosk that the card is sent to; null for the kiosk of the plan. Only steps that send cards have this. */
  kiosk?(body: Body, session: CardSession): Promise<KioskId | null>;
  /** Adds the data to the entry that are needed to continue after a crash. Called before the step is stored. */
  prepare?(work: StepWork, body: Body): Promise<void>;
  /** Executes the step. @returns the expectations that did not hold @throws Failure */
  run(work: StepWork, body: Body): Promise<readonly Unmet[] | void>;
  /** Removes what the step left outside of its card, once all steps of the card are over. @throws Failure */
  cleanUp?(work: Pick<StepWork, 'ctx' | 'key'>): Promise<void>;
}

/** The input of a step. */
export interface StepWork {
  /** The context, with the timeout of this step. */
  ctx: Context;
  session: CardSession;
  /** The step as the journal stores it. */
  entry: RunStep;
  /** The name of this step of this card. It stays the same if the step is repeated after a crash. */
  key: string;
  /** The checks that the orders of the run share. */
  checks: OrderChecks;
  /** The kiosk that the card is sent to; null for steps that send nothing. */
  kioskId: KioskId | null;
  /** Milliseconds; null where neither the step nor the scenario sets one. */
  timeout: number | null;
  /** The attempt that an earlier step made in this process; null if none did. */
  attemptId: string | null;
  /** True if the step before read the card. */
  isSeen: boolean;
  /** The result of the last step that was no check. */
  last: StepEnd | null;
  /** The number of attempts on the card that exist only because a process crashed. */
  lostAttempts: number;
  /** Executes an action on the card, and records it in the journal. */
  record: (action: ActionName, work: () => Promise<unknown>) => Promise<void>;
}

export interface StepEnd {
  exitCode: ExitCode;
  error: FailureDocument | null;
  durationMs: number;
}

/** The consequence of a failure: the other steps of the card are skipped, or executed, or no further card is started. */
export type OnFailure = 'stop' | 'continue' | 'stop-run';

/** A step of one card, with all values filled in and loops unrolled. */
export interface Step {
  definition: StepDefinition;
  /** As the definition's schema parsed it. */
  body: unknown;
  /** The number among the steps of the card, from 0, by which a run is resumed. */
  index: number;
  /** The title for reports, without anything about a person: `produce WIS00001`. */
  title: string;
  /** The place in the file. */
  path: readonly (string | number)[];
  /** Milliseconds; null where neither the step nor the scenario sets one. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** Checks the types of a definition, whose functions get the output of its schema. One without `run` does not compile. */
export function defineStep<Body>(definition: StepDefinition<Body>): StepDefinition {
  return definition;
}
