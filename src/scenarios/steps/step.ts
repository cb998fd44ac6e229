import type { Simulation } from '../../domain/production.ts';
import type { Expectation, StepKind } from '../../domain/run.ts';
import type { Fault } from '../../wire/fault.ts';

/** What happens when a step fails: the card's way ends, it goes on, or no further card is begun. */
export type OnFailure = 'stop' | 'continue' | 'stop-run';

/** What a variable may be: text and numbers, or what `for-each` goes through. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value };

/** Values by the names of their variables. */
export type Values = Readonly<Record<string, Value>>;

/** What a step does, with all variables filled in and everything checked. */
export type StepAct =
  /** `fields` of the vendor's body, as in the file of `order --from`. */
  | { kind: 'order'; profileId: number | null; fields: Record<string, unknown> }
  | { kind: 'wait-ready' | 'wait-produced' | 'cancel' }
  /** Without a kiosk, the one that the card was given. */
  | { kind: 'produce'; kioskId: string | null }
  | { kind: 'retry'; toKiosk: string | null }
  | { kind: 'simulate'; simulation: Simulation | 'profile-verified' }
  | { kind: 'expect'; expectation: Expectation }
  | { kind: 'fault'; fault: Fault }
  /** Milliseconds. */
  | { kind: 'advance'; by: number };

/** One step of one card, in the order in which they are done; loops are unrolled. */
export type Step = StepAct & {
  kind: StepKind;
  /** From 0, loops unrolled: what a run is resumed by. */
  index: number;
  /** For people, without anything about a person: `produce WIS00001`, `simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR`. */
  title: string;
  /** Where in the file it stands. */
  path: readonly (string | number)[];
  /** Milliseconds; null where neither the step nor the scenario's defaults say. */
  timeout: number | null;
  onFailure: OnFailure;
};

/** Something that `${…}` may name. */
export interface Variable {
  name: string;
  description: string | null;
  required: boolean;
  /** null is no value. */
  default: Value;
  /** The default in the embedded sandbox, where it is another; undefined where it is the same. */
  local: Value | undefined;
}

/** A step as the file has it, checked as far as that goes without the values of variables. */
export type Node = StepNode | LoopNode;

export interface StepNode {
  kind: StepKind;
  path: readonly (string | number)[];
  /** What stands behind the step's word, and its own name, timeout and on-failure, as they are written. */
  body: unknown;
  options: Readonly<Record<string, unknown>>;
  /** Is it filled in with something that may be about a person? Then no message or title shows its values. */
  isPersonal: boolean;
  /** The step itself, where nothing is to be filled in; only its index isn't known. */
  fixed: Step | null;
}

export interface LoopNode {
  kind: 'repeat' | 'for-each';
  path: readonly (string | number)[];
  /** `times` or `in`, as it is written. */
  over: unknown;
  as: string | null;
  nodes: readonly Node[];
}

/** A scenario without mistakes, as far as they show before its variables have values. */
export interface Scenario {
  name: string;
  description: string | null;
  variables: readonly Variable[];
  /** Those that orders are made of, through loops, too: they may be about a person, and are kept nowhere. */
  orderVariables: readonly string[];
  /** Has it a `fault` or an `advance`? Then it needs the embedded sandbox. */
  needsControl: boolean;
  /** Has it a `simulate`? Then it can't run in production. */
  simulates: boolean;
  /** Has it a `retry` or a `cancel`? They ask in production. */
  asks: boolean;
  /** How many steps a card has; those of a loop over a list that is not in the file count once. */
  stepCount: number;
  defaults: { timeout: number | null; onFailure: OnFailure };
  nodes: readonly Node[];
}
