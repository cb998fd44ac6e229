import { Failure } from '../domain/failure.ts';

/** Why a command ends early without a failure: nobody reads its output any more. */
export const STDOUT_CLOSED = Symbol('stdout closed');

const controller = new AbortController();
let installed = false;

/**
 * The signal that the first Ctrl-C or SIGTERM aborts, with a Failure as its reason: the command then ends in order, and
 * a request that is on its way gets its answer. A second one ends the process at once.
 */
export function interruption(): AbortSignal {
  if (!installed) {
    installed = true;
    process.on('SIGINT', () => interrupt('interrupted', 130));
    process.on('SIGTERM', () => interrupt('terminated', 143));
  }
  return controller.signal;
}

/** A command that ends sooner than this after the first signal needs no explanation. */
const PATIENCE_MS = 300;

function interrupt(code: 'interrupted' | 'terminated', exitCode: number): void {
  if (controller.signal.aborted) process.exit(exitCode);
  setTimeout(explainWaiting, PATIENCE_MS).unref();
  const message = code === 'interrupted' ? 'Interrupted.' : 'Terminated.';
  controller.abort(
    new Failure(code, message, {
      hint: 'What was sent may still be going on: kioskctl status shows where each card stands.',
    }),
  );
}

function explainWaiting(): void {
  process.stderr.write('Waiting for the answer of a request that is out; once more ends at once.\n');
}

/** `… | head -1` closes our output: the rest is not wanted, which is no failure. */
export function endQuietlyWhenStdoutCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exitCode = 0;
    controller.abort(STDOUT_CLOSED);
  });
}

/** Sets what the process ends with, once its output is written; a closed output stays a success. */
export function setExitCode(code: number): void {
  if (controller.signal.reason !== STDOUT_CLOSED) process.exitCode = code;
}
