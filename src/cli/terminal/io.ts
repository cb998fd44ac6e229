import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import { type Calendar, Stopwatch } from '../../context/clocks.ts';

/** The world of a terminal command: its three streams, what they are, and its clocks. Tests pass their own. */
export interface Io {
  /** Writes to standard output: results only. */
  out(text: string): void;
  /** Writes to standard error: everything that is for people. */
  err(text: string): void;
  /** The size of the unread results, in bytes. */
  unread(): number;
  /** Reads standard input to its end. @throws the signal's reason */
  readStdin(signal: AbortSignal): Promise<string>;
  isStdoutTerminal: boolean;
  /** True if standard input is a terminal. */
  isStdinTerminal: boolean;
  /** Can somebody be asked? Questions go to standard error and come from standard input. */
  isInteractive: boolean;
  /** True if standard error can show live progress. */
  isLive: boolean;
  color: { stdout: boolean; stderr: boolean };
  calendar: Calendar;
  stopwatch: Stopwatch;
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

/** @param noColor whether the user switched colour off in this very command */
export function processIo(noColor = false): Io {
  const { stdout, stderr, env } = process;
  // Asking process.stdin would make a stream of it, which most commands never read.
  const isStdinTerminal = isatty(0);
  const isPlain = noColor || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb' || (env.CI ?? '') !== '';
  return {
    out: writeTogether(stdout),
    err: (text) => void stderr.write(text),
    unread: () => stdout.writableLength,
    readStdin,
    isStdoutTerminal: stdout.isTTY,
    isStdinTerminal,
    isInteractive: isStdinTerminal && stderr.isTTY,
    // A terminal without a width (some CI systems have one) can't be drawn on.
    isLive: stderr.isTTY && stderr.columns > 0 && !isPlain,
    color: { stdout: stdout.isTTY && !isPlain, stderr: stderr.isTTY && !isPlain },
    calendar: { now: () => Date.now() },
    stopwatch: new Stopwatch(() => performance.now(), sleep),
    stderr,
  };
}

/** Batches the writes of one turn of the event loop: a stream may have many lines at once. */
function writeTogether(stream: NodeJS.WriteStream): (text: string) => void {
  let isWaiting = false;
  return (text) => {
    if (!isWaiting) {
      isWaiting = true;
      stream.cork();
      setImmediate(() => {
        isWaiting = false;
        stream.uncork();
      });
    }
    stream.write(text);
  };
}

async function readStdin(signal: AbortSignal): Promise<string> {
  const { stdin } = process;
  const stop = () => stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  stdin.setEncoding('utf8');
  let text = '';
  try {
    for await (const chunk of stdin) text += String(chunk);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  return text;
}
