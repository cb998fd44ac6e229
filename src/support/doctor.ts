import type { Context } from '../context/context.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { asFailure, Failure, type FailureDocument } from '../domain/errors/failure.ts';
import { API_CHECKS } from './api-checks.ts';
import { type Check, type Finding, isFound, MACHINE_CHECKS, type Machine } from './system-checks.ts';

export interface CheckResult extends Finding {
  name: string;
  /** What a failed one ends the command with. */
  exitCode: ExitCode;
  error?: FailureDocument;
}

export interface DoctorOptions {
  machine: Machine;
  /** Leaves out what needs the network. */
  offline: boolean;
}

const CHECKS: readonly Check[] = [...MACHINE_CHECKS, ...API_CHECKS];

/**
 * Checks whether everything is there that commands need, one thing after the other. A check that builds on one that did
 * not pass is skipped.
 * @param context what it could not be made for, where settings can't be used
 */
export async function doctor(
  context: Context | Failure,
  { machine, offline }: DoctorOptions,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const unmet = ({ needs = [], isOnline }: Check): string | null => {
    if (offline && isOnline) return 'left out with --offline';
    const missing = results.find((one) => needs.includes(one.name) && !isFound(one));
    if (!missing) return null;
    return missing.status === 'skipped' ? missing.message : `not before ${missing.name} passes`;
  };
  for (const check of CHECKS) {
    const why = unmet(check);
    const finding =
      why === null ? look(check, context, machine) : ({ status: 'skipped', message: why } as const);
    results.push(toResult(check.name, await finding));
  }
  return results;
}

async function look(check: Check, context: Context | Failure, machine: Machine): Promise<Finding | Failure> {
  try {
    return await check.look({
      machine,
      get ctx() {
        if (context instanceof Failure) throw context;
        return context;
      },
    });
  } catch (error) {
    if (!(context instanceof Failure)) context.signal.throwIfAborted();
    return asFailure(error);
  }
}

function toResult(name: string, finding: Finding | Failure): CheckResult {
  if (!(finding instanceof Failure)) return { name, ...finding, exitCode: 0 };
  const { message, hint, exitCode } = finding;
  return { name, status: 'failed', message, hint, exitCode, error: finding.toDocument() };
}
