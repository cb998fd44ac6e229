import type * as v from 'valibot';
import type { OrderChecks } from '../../cards/order.ts';
import type { CardSession } from '../../cards/session/session.ts';
import type { Context } from '../../context/context.ts';
import type { ActionName } from '../../domain/action.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import type { FailureDocument } from '../../domain/errors/failure.ts';
import type { KioskId } from '../../domain/ids.ts';
import type { RunStep, Unmet } from '../../domain/run.ts';

/** One kind of step: all that is known of it. `definitions.ts` lists them. */
export interface StepDefinition<Body = unknown> {
  /** The word that a scenario file has for it. */
  kind: string;
  /** For editors. */
  about: string;
  /** The value behind the word. Where it may be null, a file can have the word alone. */
  schema: v.GenericSchema<unknown, Body>;
  card: 'ordered' | 'needed' | 'optional';
  /** The journal has it before it starts, because after a crash it can be neither detected nor safely repeated. */
  storedBefore: boolean;
  /** `control`: the embedded sandbox; `simulation`: any sandbox; `confirmation`: in production, somebody who confirms. */
  requires: 'control' | 'simulation' | 'confirmation' | null;
  /** It changes nothing: the steps around it see each other's results, and it has no default timeout. */
  isCheck?: true;
  /** The value may be about a person, but for these fields: nothing of it is shown or stored. */
  impersonalFields?: readonly string[];
  /** Returns the text after the word in the title. Not called for values that may be about a person. */
  title?(body: Body): string | null;
  /** Returns what is wrong with the step for a card of that kiosk, before anything is sent. */
  check?(body: Body, card: { kioskId: KioskId | null }): string | null;
  /** Returns the kiosk that the card is sent to; null for the kiosk of the plan. Only steps that send the card have it. */
  kiosk?(body: Body, session: CardSession): Promise<KioskId | null>;
  /** Notes what a crashed process is continued by, before the step is stored. */
  prepare?(work: StepWork, body: Body): Promise<void>;
  /** @returns the expectations that did not hold. @throws Failure */
  run(work: StepWork, body: Body): Promise<readonly Unmet[] | void>;
  /** Removes what the step left outside of its card, once all steps of the card are over. @throws Failure */
  cleanUp?(work: Pick<StepWork, 'ctx' | 'key'>): Promise<void>;
}

/** The input of a step. */
export interface StepWork {
  /** With the time that this step has. */
  ctx: Context;
  session: CardSession;
  /** The step as the journal stores it. */
  entry: RunStep;
  /** Names this step of this card, also when it is repeated after a crash. */
  key: string;
  /** The data that the orders of the run are checked with. */
  checks: OrderChecks;
  /** Where the card is sent; null for steps without a kiosk. */
  kioskId: KioskId | null;
  /** Milliseconds; null where neither the step nor the scenario sets one. */
  timeout: number | null;
  /** The attempt of the steps before; null where none made one in this process. */
  attemptId: string | null;
  /** The step before read the card. */
  isSeen: boolean;
  /** The last step before that was no check. */
  last: StepEnd | null;
  /** The number of attempts on the card that only crashed processes made. */
  lostAttempts: number;
  /** Records an action on the card in the journal while it is carried out. */
  record: (action: ActionName, work: () => Promise<unknown>) => Promise<void>;
}

export interface StepEnd {
  exitCode: ExitCode;
  error: FailureDocument | null;
  durationMs: number;
}

/** After a failure: the other steps of the card are skipped, or done, or the run starts no further card. */
export type OnFailure = 'stop' | 'continue' | 'stop-run';

/** A step of one card with all of its values. Loops are unrolled. */
export interface Step {
  definition: StepDefinition;
  /** As the definition's schema parsed it. */
  body: unknown;
  /** From 0: what a run is resumed by. */
  index: number;
  /** Without anything about a person: `produce WIS00001`. */
  title: string;
  /** The place in the file. */
  path: readonly (string | number)[];
  /** Milliseconds; null where neither the step nor the scenario sets one. */
  timeout: number | null;
  onFailure: OnFailure;
}

/** Checks a definition by the type of its schema's output. A definition without `run` does not compile. */
export function defineStep<Body>(definition: StepDefinition<Body>): StepDefinition {
  return definition;
}
