import type { Context } from '../context/context.ts';
import type { Machine } from './machine.ts';

/** A warning is worth a look, and nothing fails for it. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  status: CheckStatus;
  message: string;
  /** What to do about it. */
  hint?: string;
}

export interface Exam {
  machine: Machine;
  /** @throws Failure where there is none, because settings can't be used */
  readonly ctx: Context;
}

export interface Check {
  /** Stable: scripts look for it. */
  name: string;
  /** Checks that must have passed before; a warning passes. */
  needs?: readonly string[];
  isOnline?: boolean;
  /** @throws Failure for what fails */
  look(exam: Exam): Promise<Finding> | Finding;
}

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function warning(message: string, hint: string): Finding {
  return { status: 'warning', message, hint };
}

export function skipped(message: string): Finding {
  return { status: 'skipped', message };
}

/** Did a check find what it looked for? */
export function isFound({ status }: Finding): boolean {
  return status === 'ok' || status === 'warning';
}
