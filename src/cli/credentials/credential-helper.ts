import { type ChildProcess, spawn } from 'node:child_process';
import { basename, isAbsolute } from 'node:path';
import * as v from 'valibot';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { redact } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { accessToken } from '../../wire/tokens.ts';
import type { Left } from '../../wise/client.ts';
import { CachedToken } from '../../wise/tokens.ts';
import { childEnv } from '../settings/network.ts';

interface CommandOptions {
  contextName: string;
  now: () => number;
  signal: AbortSignal;
  /** Shows a line of the program's standard error to the user. */
  say: (line: string, isProblem: boolean) => void;
  /** Called with each token, so that it is redacted from all output. */
  hide: (secret: string) => void;
  /** Timeout in milliseconds (default 30 s). */
  timeout?: number;
}

const TIMEOUT_MS = 30_000;

const BY_HAND =
  'Run the command by hand. It must exit with 0 and print a JSON object with access_token and, if it expires, expires_at.';
const WHOLE_PATH = 'Use its absolute path: kioskctl context set credentialCommand -- /…/PROGRAM ARGUMENTS';

/** Schema of the output. It is compatible with Wise's token response. */
const printed = v.object({
  access_token: accessToken,
  /** Expiry in ISO 8601. */
  expires_at: v.nullish(v.pipe(v.string(), v.isoTimestamp())),
});

/**
 * The credential command of a context: a program that prints the token of a profile, for example from a vault. It runs
 * once per profile, and again before the token expires.
 */
export class CredentialCommand {
  readonly #words: readonly string[];
  readonly #options: CommandOptions;
  readonly #tokens = new Map<number, CachedToken>();

  /** @param words program and arguments; `{profileId}` is replaced by the profile id */
  constructor(words: readonly string[], options: CommandOptions) {
    this.#words = words;
    this.#options = options;
  }

  get source(): string {
    const [program = ''] = this.#words;
    // The arguments are omitted, because they may describe a vault.
    return `the credential command of context ${this.#options.contextName} (${basename(program)})`;
  }

  /** Returns the token of a profile. Concurrent requests share one run of the program. */
  of(profileId: number): CachedToken {
    const known = this.#tokens.get(profileId);
    if (known) return known;
    const kept = new CachedToken(async (_, left) => this.#run(profileId, left), this.#options.now);
    this.#tokens.set(profileId, kept);
    return kept;
  }

  /** Runs the program. @throws Failure `credentials-unusable`; the signal's reason */
  async #run(profileId: number, left: Left): Promise<{ token: string; lifetime: number }> {
    const { now, hide, signal, timeout = TIMEOUT_MS } = this.#options;
    const [program = '', ...args] = this.#words;
    // A relative path would depend on the working folder.
    if (basename(program) !== program && !isAbsolute(program))
      throw this.#unusable(profileId, 'has a path that is relative to the working folder', WHOLE_PATH);
    const words = [program, ...args.map((word) => word.replaceAll('{profileId}', String(profileId)))];
    const ran = await runProgram(words, { timeout: Math.min(timeout, left()), signal });
    this.#show(ran);
    if (ran.trouble !== null) throw this.#unusable(profileId, ran.trouble);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), printed), ran.stdout);
    if (!parsed.success) throw this.#unusable(profileId, troubleOf(ran.stdout, parsed.issues));
    const { access_token: token, expires_at: end } = parsed.output;
    hide(token);
    const lifetime = end ? Date.parse(end) - now() : Number.POSITIVE_INFINITY;
    if (lifetime <= 0) throw this.#unusable(profileId, `returned a token that expired at ${end}`);
    return { token, lifetime };
  }

  /**
   * Shows the program's standard error. Redacts each word that the program also printed to standard output, because it
   * may be the token.
   */
  #show({ stdout, stderr, trouble }: Ran): void {
    const [program = ''] = this.#words;
    // All words of the output, except the names of fields.
    const secrets = stdout.match(/[^\s"',:{}]{8,}(?![^\s"',:{}]|"\s*:)/g) ?? [];
    for (const line of redact(stderr, secrets).split('\n'))
      if (line.trim() !== '') this.#options.say(`${basename(program)}: ${printable(line)}`, trouble !== null);
  }

  #unusable(profileId: number, trouble: string, hint = BY_HAND): Failure {
    const message = `There is no token for profile ${profileId}: ${this.source} ${trouble}.`;
    return failure('credentials-unusable', message, hint);
  }
}

/** Describes the problem with the output as a predicate, without quoting the output. */
function troubleOf(stdout: string, [issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  if (stdout.trim() === '') return 'printed nothing';
  const field = v.getDotPath(issue);
  return field === null ? 'printed no JSON object' : `printed no usable ${field}`;
}

interface Ran {
  stdout: string;
  /** Standard error; only its end if it is long. */
  stderr: string;
  /** Problem as a predicate, like “ended with 1”; null if the program succeeded. */
  trouble: string | null;
}

interface RunOptions {
  /** Timeout in milliseconds. The program is then killed. */
  timeout: number;
  /** Kills the program when aborted. */
  signal: AbortSignal;
}

/** Maximum output, in characters. A token needs far less. */
const LONGEST_OUTPUT = 256 * 1024;
/** Time to read the remaining output after the program has ended, in milliseconds. */
const GRACE_MS = 1_000;

/**
 * Runs a program without a shell and without input, in its own process group. The group is killed on timeout, on too
 * much output, and when the caller aborts.
 * @param words program and arguments
 * @throws the signal's reason
 */
async function runProgram(
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
    // A background process that left the group may keep the pipes open.
    child.stdout.destroy();
    child.stderr.destroy();
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text;
    if (ran.stdout.length > LONGEST_OUTPUT) stop('printed too much');
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

/** Waits until the program and its output have ended. Does not wait for background processes of the program. */
async function endOf(child: ChildProcess): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve) => {
      const end = (code: number | null, killedBy: string | null) => {
        if (killedBy) resolve(`was killed by ${killedBy}`);
        else resolve(code === 0 ? null : `exited with ${code}`);
      };
      child.once('error', ({ code }: NodeJS.ErrnoException) => resolve(`can't be started (${code})`));
      child.once('close', end);
      child.once('exit', (...ending) => {
        // setImmediate: first reads output that arrived while this process was suspended.
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
    // Windows has no process groups.
    if (process.platform === 'win32') child.kill('SIGKILL');
    else process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The process has ended already.
  }
}
