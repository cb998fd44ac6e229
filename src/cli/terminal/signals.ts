import { asFailure, Failure } from '../../domain/errors/failure.ts';

/** Why a command ends early without a failure: nobody reads its output any more. */
export const STDOUT_CLOSED = Symbol('stdout closed');

const controller = new AbortController();
let installed = false;

/**
 * The signal that the first Ctrl-C or SIGTERM aborts, with a Failure as its reason: the command then ends in order, and
 * a request that is on its way gets its answer. A second one ends the process at once, after its last words.
 */
export function interruption(): AbortSignal {
  if (!installed) {
    installed = true;
    process.on('SIGINT', () => interrupt('interrupted'));
    process.on('SIGTERM', () => interrupt('terminated'));
  }
  return controller.signal;
}

let sayLastWords: (failure: Failure) => void = () => undefined;

/** Sets how the process still says why it ends, when it ends in the middle of its work. */
export function onForcedEnd(say: (failure: Failure) => void): void {
  sayLastWords = say;
}

/** Ends the process with a message, without a stack trace, after an error that nothing handles. */
export function watchForBugs(): void {
  process.on('uncaughtException', (error) => {
    const failure = asFailure(error);
    sayLastWords(failure);
    process.stdout.uncork();
    process.exit(failure.exitCode);
  });
}

/** A command that ends sooner than this after the first signal needs no explanation. */
const PATIENCE_MS = 300;

function interrupt(code: 'interrupted' | 'terminated'): void {
  const message = code === 'interrupted' ? 'Interrupted.' : 'Terminated.';
  const hint = 'What was sent may still be going on: kioskctl status shows where each card stands.';
  if (controller.signal.aborted) {
    const failure = new Failure(code, `${message} The answer of a request that was out is not known.`, {
      hint,
    });
    sayLastWords(failure);
    // What is written in one turn goes out at its end, which this turn does not have.
    process.stdout.uncork();
    process.exit(failure.exitCode);
  }
  setTimeout(explainWaiting, PATIENCE_MS).unref();
  controller.abort(new Failure(code, message, { hint }));
}

function explainWaiting(): void {
  process.stderr.write('Waiting for the answer of a request that is out; once more ends at once.\n');
}

let isOutputLost = false;

/**
 * `… | head -1` closes our output: the rest is not wanted, which is no failure, and hides none. Output that can't be
 * written for another reason (a full disk) is one. Nobody hears what is said on a closed standard error.
 */
export function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  // oclif's own would crash on all but a closed output.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return controller.abort(STDOUT_CLOSED);
    process.stderr.write(`Error: The output can't be written (${error.code}).\n`);
    isOutputLost = true;
    process.exitCode ||= 1;
  });
}

/** Sets what the process ends with, once its output is written. */
export function setExitCode(code: number): void {
  process.exitCode = isOutputLost && code === 0 ? 1 : code;
}
