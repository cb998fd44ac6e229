import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { asFailure, Failure, failure } from '../../domain/errors/failure.ts';
import { explainFault } from '../../machine/file-faults.ts';

/** Abort reason if the reader closed the output. The command then ends without a failure. */
export const STDOUT_CLOSED = Symbol('stdout closed');

const controller = new AbortController();
const cutting = new AbortController();
let installed = false;

/**
 * Returns the signal that the first Ctrl-C, SIGTERM or SIGHUP aborts, with a Failure as reason. The command then ends
 * in an orderly way: a request in flight gets its response. A second signal ends the process immediately, see
 * `onForcedEnd`.
 */
export function interruption(): AbortSignal {
  if (!installed) {
    installed = true;
    process.on('SIGINT', () => interrupt('interrupted'));
    process.on('SIGTERM', () => interrupt('terminated'));
    // Also under nohup, because Node resets an ignored SIGHUP.
    process.on('SIGHUP', () => hangUp());
  }
  return controller.signal;
}

let hangUp = () => interrupt('hung-up');

/** Reports that the output is lost, if the process continues without it; null otherwise. */
let sayLost: ((why: string) => void) | null = null;

/** Writes a line to standard error, or to the log of a server. */
let say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Keeps a server running if its output is lost. Without a terminal, the server also ignores SIGHUP, which reports a
 * closed terminal.
 * @param log writes a line to standard error
 */
export function runAsServer(log: (line: string) => void): void {
  say = log;
  const said = new Set<string>();
  sayLost = (why) => {
    if (!said.has(why)) say(`Standard output is lost: ${why}. The server continues without it.`);
    said.add(why);
  };
  if ([0, 1, 2].some((stream) => isatty(stream))) return;
  hangUp = () => say('SIGHUP is ignored: no stream of this server is a terminal. SIGTERM ends it.');
}

/**
 * Drops stack traces of libraries: graphile-worker prints one for an error that it also returns. Other methods stay, because
 * Node prints its warnings with `console.error`.
 */
export function dropTraces(): void {
  Object.assign(console, { trace: () => undefined });
}

/** Returns the failure of a server whose terminal was closed; null for any other end, which is a success. */
export function hangUpFailure(): Failure | null {
  const { reason } = controller.signal;
  return reason instanceof Failure && reason.code === 'hung-up' ? reason : null;
}

/** Returns the signal that the second Ctrl-C, SIGTERM or SIGHUP aborts, just before the process exits. */
export function forcedEnd(): AbortSignal {
  return cutting.signal;
}

/** Prints a failure and sets the exit code. Returns false if the command has already printed its result. */
type PrintFailure = (failure: Failure) => boolean;

let printFailure: PrintFailure = ({ exitCode }) => {
  setExitCode(exitCode);
  return true;
};

let isSending = () => false;

/**
 * Sets the function that prints the failure when the process is ended by a second signal or an uncaught error.
 * @param options.mayHaveSent returns true if a request with an effect may be in flight
 */
export function onForcedEnd(print: PrintFailure, options: { mayHaveSent?: () => boolean } = {}): void {
  printFailure = print;
  isSending = options.mayHaveSent ?? isSending;
}

/** Reports an uncaught error as an internal error, without its stack, and ends the process. */
export function watchForBugs(): void {
  process.on('uncaughtException', (error) => {
    const failure = asFailure(error);
    if (!printFailure(failure)) process.stderr.write(`Error: ${failure.message}\n`);
    process.stdout.uncork();
    process.exit(failure.exitCode);
  });
}

/** Milliseconds after the first signal at which a message explains why the command has not ended yet. */
const PATIENCE_MS = 300;

/** Messages for signals. */
const ENDINGS = { interrupted: 'Interrupted.', terminated: 'Terminated.', 'hung-up': 'Hung up.' } as const;

type Ending = keyof typeof ENDINGS;

export function wordOf({ code }: Failure): string {
  return isEnding(code) ? ENDINGS[code] : ENDINGS.interrupted;
}

function isEnding(code: string): code is Ending {
  return Object.hasOwn(ENDINGS, code);
}

function interrupt(code: Ending): void {
  const message = ENDINGS[code];
  const hint = 'Requests already sent may still complete. Check with kioskctl status.';
  if (controller.signal.aborted) {
    cutting.abort();
    const ending = failure(code, `${message} The answer to the last request is not known.`, hint);
    const isPrinted = printFailure(ending);
    // Node flushes a corked stream at the end of the event loop's turn, which is never reached here.
    process.stdout.uncork();
    if (isPrinted) process.exit();
    process.stdout.write('', () => process.exit());
    return;
  }
  setTimeout(explainWaiting, PATIENCE_MS).unref();
  controller.abort(failure(code, message, hint));
}

function explainWaiting(): void {
  if (!isSending()) return;
  say('Waiting for the answer to a request. A second signal ends kioskctl immediately.');
}

let isOutputLost = false;

/**
 * Handles errors of the output. A closed pipe, as in `… | head -1`, is no failure, and does not hide a failure of the
 * command. A full disk is a failure. Errors of standard error are ignored.
 */
export function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  // oclif's handler would crash on any error except a closed output.
  process.stdout.removeAllListeners('error');
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    const isClosed = error.code === 'EPIPE';
    if (sayLost) return sayLost(isClosed ? 'its reader has ended' : explainFault(error, '', 'write').reason);
    if (isClosed) return controller.abort(STDOUT_CLOSED);
    process.stderr.write(`Error: The output can't be written (${error.code}).\n`);
    isOutputLost = true;
    process.exitCode ||= 1;
  });
}

let isReaderWatched = false;

/**
 * Ends a watch when the reader of its output closes the pipe, as in `… | head -1`. Otherwise, Node notices it only at
 * the next line, which may never come.
 */
export async function endWithReader(): Promise<void> {
  const { stdout } = process;
  if (isReaderWatched || sayLost || !isPipe(stdout)) return;
  isReaderWatched = true;
  const { onReaderEnd } = await import('./reader-end.ts');
  onReaderEnd(stdout.fd, () => controller.abort(STDOUT_CLOSED));
}

function isPipe({ fd }: { fd?: number }): boolean {
  return fd !== undefined && fstatSync(fd).isFIFO();
}

/** Sets the exit code of the process. If output was lost, a success becomes a failure. */
export function setExitCode(code: number): void {
  process.exitCode = isOutputLost && code === 0 ? 1 : code;
}
