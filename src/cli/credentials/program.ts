import { type ChildProcess, spawn } from 'node:child_process';
import { childEnv } from '../settings/child-env.ts';

/** What became of a program that was run for its output. */
export interface Ran {
  stdout: string;
  /** The last of it. */
  stderr: string;
  /** null when it ended well; else why not, to be read after “it”. */
  trouble: string | null;
}

export interface RunOptions {
  /** Milliseconds after which it is killed. */
  timeout: number;
  /** Ends it at once. */
  signal: AbortSignal;
}

/** More than any answer about one token needs, in characters. */
const LONGEST_OUTPUT = 256 * 1024;
/** How long its output is read on after its end, in milliseconds: by then all that it wrote has long arrived. */
const GRACE_MS = 1_000;

/**
 * Runs a program without a shell and with nothing to read, in a group of its own: what it starts ends with it when it
 * takes too long, says too much, or nobody waits any more.
 * @param words the program and its arguments
 * @throws the signal's reason
 */
export async function runProgram(
  [program = '', ...args]: readonly string[],
  { timeout, signal }: RunOptions,
): Promise<Ran> {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnv(),
    detached: true,
    windowsHide: true,
  });
  const ran: Ran = { stdout: '', stderr: '', trouble: null };
  const stop = (trouble: string) => {
    ran.trouble ??= trouble;
    killGroup(child);
    // What left the group, as a daemon does, may hold them open for ever.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text;
    if (ran.stdout.length > LONGEST_OUTPUT) stop('said far too much');
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr = (ran.stderr + text).slice(-LONGEST_OUTPUT);
  });
  const stopEarly = () => stop('was stopped');
  const timer = setTimeout(() => stop(`took longer than ${timeout / 1_000} seconds`), timeout);
  signal.addEventListener('abort', stopEarly, { once: true });
  process.once('exit', stopEarly);
  try {
    const end = await endOf(child);
    return { ...ran, trouble: ran.trouble ?? end };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stopEarly);
    process.removeListener('exit', stopEarly);
    signal.throwIfAborted();
  }
}

/** Waits until it ended and all that it wrote was read; what it left behind is not waited for. */
async function endOf(child: ChildProcess): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      const end = (code: number | null, killedBy: string | null) => {
        if (killedBy) resolve(`was ended by ${killedBy}`);
        else resolve(code === 0 ? null : `ended with ${code}`);
      };
      child.once('error', ({ code }: NodeJS.ErrnoException) => resolve(`can't be started (${code})`));
      child.once('close', end);
      child.once('exit', (...ending) => {
        // Once more after what arrived while this process stood still was read.
        timer = setTimeout(() => setImmediate(end, ...ending), GRACE_MS);
      });
    });
  } finally {
    clearTimeout(timer);
    child.stdout?.destroy();
    child.stderr?.destroy();
  }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    // Windows has no such groups.
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
