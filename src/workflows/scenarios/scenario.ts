import type { Expectation } from '../../domain/runs/expectation.ts';
import type { Simulation } from '../../domain/simulation.ts';
import type { Fault } from '../../sandbox/faults/faults.ts';

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
  /** From 0, loops unrolled: what a run is resumed by. */
  index: number;
  /** For people, without anything about a person: `produce WIS00001`, `simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR`. */
  title: string;
  /** Where in the file it stands, from 1; null for one without a file. */
  line: number | null;
  /** Milliseconds; null where neither the step nor the scenario's defaults say. */
  timeout: number | null;
  onFailure: OnFailure;
};
