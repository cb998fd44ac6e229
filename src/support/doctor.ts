import type { Context } from '../context/context.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import { asFailure, Failure, type FailureDocument } from '../domain/errors/failure.ts';
import { redact } from '../domain/text/redaction.ts';
import { type Check, type CheckOutcome, type SystemProbe, skipped } from './check.ts';
import { CHECKS } from './checks.ts';

export interface CheckResult extends CheckOutcome {
  name: string;
  /** Exit code if this check failed; otherwise 0. */
  exitCode: ExitCode;
  error?: FailureDocument;
}

interface DoctorOptions {
  probe: SystemProbe;
  /** True to skip checks that need the network. */
  offline: boolean;
}

/**
 * Runs all checks in their order. A check is skipped if a check that it needs has failed.
 * @param context the context; if the settings are unusable, their Failure
 */
export async function doctor(
  context: Context | Failure,
  { probe, offline }: DoctorOptions,
): Promise<CheckResult[]> {
  const input = {
    probe,
    get ctx() {
      if (context instanceof Failure) throw context;
      return context;
    },
  };
  const results: CheckResult[] = [];
  const hasServer = !(context instanceof Failure) && context.journalServer !== null;
  for (const check of CHECKS.filter(({ isOfServer = false }) => hasServer || !isOfServer)) {
    const reason = offline && check.isOnline ? 'left out with --offline' : unmetNeed(check, results);
    try {
      const outcome = reason === null ? await check.run(input) : skipped(reason);
      results.push({ name: check.name, ...outcome, exitCode: 0 });
    } catch (error) {
      if (!(context instanceof Failure)) context.signal.throwIfAborted();
      const failed = withoutSecrets(asFailure(error), context instanceof Failure ? [] : context.secrets);
      const { message, hint, exitCode } = failed;
      results.push({
        name: check.name,
        status: 'failed',
        message,
        hint,
        exitCode,
        error: failed.toDocument(),
      });
    }
  }
  return results;
}

/** Redacts the secrets in a failure: an unexpected error may repeat them. */
function withoutSecrets(failed: Failure, secrets: readonly string[]): Failure {
  const { code, message, hint, details, exitCode } = failed;
  return new Failure(code, redact(message, secrets), {
    hint: redact(hint, secrets),
    exitCode,
    ...(details && { details }),
  });
}

function unmetNeed({ needs = [] }: Check, results: readonly CheckResult[]): string | null {
  const unmet = results.find(
    ({ name, status }) => needs.includes(name) && (status === 'failed' || status === 'skipped'),
  );
  if (!unmet) return null;
  return unmet.status === 'skipped' ? unmet.message : `not before ${unmet.name} passes`;
}
