import { expect } from './expect.ts';
import { produce, retry, waitProduced } from './kiosk-steps.ts';
import { cancel, order, waitReady } from './order-steps.ts';
import { advance, fault, simulate } from './sandbox-steps.ts';
import type { StepDefinition } from './step.ts';

/** All step kinds, in the sequence that messages and the JSON Schema use. */
export const STEP_DEFINITIONS: readonly StepDefinition[] = [
  order,
  waitReady,
  produce,
  waitProduced,
  simulate,
  retry,
  cancel,
  expect,
  fault,
  advance,
];

export const LOOPS = ['repeat', 'for-each'] as const;
export type LoopWord = (typeof LOOPS)[number];

export const STEP_WORDS: readonly string[] = [...STEP_DEFINITIONS.map(({ kind }) => kind), ...LOOPS];

export function findDefinition(kind: string): StepDefinition | undefined {
  return STEP_DEFINITIONS.find((one) => one.kind === kind);
}
