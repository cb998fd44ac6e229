import { randomUUID } from 'node:crypto';
import { uptime } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Calendar, Stopwatch, type Uptime } from '../../context/clocks.ts';
import { failure } from '../../domain/errors/failure.ts';
import { decodeUtf8 } from '../../domain/text/decode-text.ts';
import { bootId, uptimeNow } from '../../machine/boot.ts';
import type { wrapLines } from '../../output/wrap.ts';

/** Streams of a command with their properties, and clocks. Tests use their own. */
export interface Io {
  /** Writes results to standard output. */
  out(text: string): void;
  /** Writes messages to standard error. On a terminal, breaks lines at its width. */
  err(text: string): void;
  /** Number of bytes of standard output that its reader has not read. */
  unread(): number;
  /** Reads standard input to its end, as UTF-8. @throws the signal's reason; Failure `invalid-input` */
  readStdin(signal: AbortSignal): Promise<string>;
  isStdoutTerminal: boolean;
  /** True if standard input is a terminal, which echoes the input. */
  isStdinTerminal: boolean;
  /** True if the user can be prompted (question on standard error, answer on standard input). Never in CI. */
  isInteractive: boolean;
  /** True if the terminal does not support cursor movement. */
  isDumb: boolean;
  /** True if standard error may show animated progress. */
  isLive: boolean;
  /** True if standard output may be redrawn. */
  isStdoutLive: boolean;
  color: { stdout: boolean; stderr: boolean };
  /** Returns the width of a stream's terminal in characters; null if it is not a terminal. */
  columnsOf(stream: 'stdout' | 'stderr'): number | null;
  /** Breaks lines at the width of a stream's terminal, less `spare` characters. Elsewhere, returns the text unchanged. */
  breakLines(text: string, stream: 'stdout' | 'stderr', spare?: number): string;
  calendar: Calendar;
  stopwatch: Stopwatch;
  uptime: Uptime;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

const UPTIME: Uptime = {
  get boot() {
    return (boot ??= bootId() ?? randomUUID());
  },
  now: uptimeNow,
  withSleep: () => uptime() * 1_000,
};

/** Random id, for systems without a boot id. */
let boot: string | undefined;

/** Width of a terminal that does not report its width. */
const DEFAULT_COLUMNS = 80;

function columnsOf(stream: 'stdout' | 'stderr'): number | null {
  return process[stream].isTTY ? process[stream].columns || DEFAULT_COLUMNS : null;
}

let wrapping: { wrapLines: typeof wrapLines } | null = null;

/** Loads what `breakLines` needs, on a terminal only: elsewhere, no line is broken. */
export async function loadWrapping(): Promise<void> {
  if (process.stdout.isTTY || process.stderr.isTTY) wrapping ??= await import('../../output/wrap.ts');
}

function breakLines(text: string, stream: 'stdout' | 'stderr', spare = 0): string {
  const columns = columnsOf(stream);
  return columns === null || wrapping === null ? text : wrapping.wrapLines(text, columns - spare);
}

/** Creates the streams of this process. @param noColor true if the user disabled colour for this command */
export function processIo(noColor = false): Io {
  const { stdout, stderr, env } = process;
  // process.stdin would create a stream, which most commands don't need.
  const isStdinTerminal = isatty(0);
  const isPlain = noColor || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' || isCi();
  const out = writeTogether(stdout);
  return {
    out: out.write,
    err: (text) => {
      // Prints a result before its errors, also where both go to one log, as in CI.
      out.flush();
      stderr.write(breakLines(text, 'stderr'));
    },
    unread: () => stdout.writableLength,
    readStdin,
    isStdoutTerminal: stdout.isTTY,
    isStdinTerminal,
    isInteractive: isStdinTerminal && stderr.isTTY && !isCi(),
    isDumb: env.TERM === 'dumb',
    // Some CI systems have a terminal without a width.
    isLive: stderr.isTTY && stderr.columns > 0 && !isPlain,
    isStdoutLive: stdout.isTTY && stdout.columns > 0 && !isPlain,
    color: { stdout: stdout.isTTY && !isPlain, stderr: stderr.isTTY && !isPlain },
    columnsOf,
    breakLines,
    calendar: { now: () => Date.now() },
    stopwatch: new Stopwatch(() => performance.now(), sleep),
    uptime: UPTIME,
    stdout,
    stderr,
  };
}

/** True if `CI` is set. Some systems set it to `false` or `0`. */
export function isCi({ CI = '' }: NodeJS.ProcessEnv = process.env): boolean {
  return !['', 'false', '0'].includes(CI);
}

/** Buffers writes to a stream within a turn of the event loop, because a result may have many lines. */
function writeTogether(stream: NodeJS.WriteStream): { write: (text: string) => void; flush: () => void } {
  let isWaiting = false;
  const flush = () => {
    if (isWaiting) stream.uncork();
    isWaiting = false;
  };
  return {
    flush,
    write: (text) => {
      if (!isWaiting) {
        isWaiting = true;
        stream.cork();
        setImmediate(flush);
      }
      stream.write(text);
    },
  };
}

async function readStdin(signal: AbortSignal): Promise<string> {
  const { stdin } = process;
  const stop = () => stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  const { text, problem } = decodeUtf8(Buffer.concat(chunks));
  if (text !== null) return text;
  throw failure('invalid-input', `Standard input can't be used: ${problem}.`, PIPE_UTF8);
}

const PIPE_UTF8 = 'Pipe UTF-8 into it (in PowerShell 5: $OutputEncoding = [Text.UTF8Encoding]::new()).';
