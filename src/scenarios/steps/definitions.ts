import { expect } from './expect.ts';
import { KIOSK_STEPS } from './kiosk-steps.ts';
import { ORDER_STEPS } from './order-steps.ts';
import { SANDBOX_STEPS } from './sandbox-steps.ts';
import type { StepDefinition } from './step.ts';

/** All step kinds, in the sequence that messages and the JSON Schema use. */
export const STEP_DEFINITIONS: readonly StepDefinition[] = [
  ...ORDER_STEPS,
  ...KIOSK_STEPS,
  ...SANDBOX_STEPS,
  expect,
];

export const LOOPS = ['repeat', 'for-each'] as const;
export type LoopWord = (typeof LOOPS)[number];

export const STEP_WORDS: readonly string[] = [...STEP_DEFINITIONS.map(({ kind }) => kind), ...LOOPS];

export function findDefinition(kind: string): StepDefinition | undefined {
  return STEP_DEFINITIONS.find((one) => one.kind === kind);
}
