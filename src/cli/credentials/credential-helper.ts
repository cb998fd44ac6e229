import { type ChildProcess, spawn } from 'node:child_process';
import { basename, isAbsolute } from 'node:path';
import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import { redact } from '../../domain/text/redaction.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { accessToken } from '../../wire/tokens.ts';
import { CachedToken } from '../../wise/tokens.ts';
import { childEnv } from '../settings/network.ts';

export interface CommandOptions {
  contextName: string;
  now: () => number;
  signal: AbortSignal;
  /** Shows a line that the command wrote to standard error; when it failed, that is worth reading. */
  say: (line: string, isTrouble: boolean) => void;
  /** Told of each token that it gave. */
  hide: (secret: string) => void;
  /** Milliseconds that it may take (default 30 s). */
  timeout?: number;
}

const TIMEOUT_MS = 30_000;

const BY_HAND =
  'Run the command by hand: it has to end with 0 and to print a JSON object with access_token and, if it ends, expires_at.';
const WHOLE_PATH = 'Give it its whole path: kioskctl context set credentialCommand -- /…/PROGRAM ARGUMENTS';

/** The output of the program; the answer of the vendor to a token request is accepted. */
const printed = v.object({
  access_token: accessToken,
  /** ISO 8601. */
  expires_at: v.nullish(v.pipe(v.string(), v.isoTimestamp())),
});

/**
 * A context's credential command: a program that prints a profile's token, which is how a bank with a token for each
 * customer plugs in its vault. It is asked once for each profile, and again when the token is about to end.
 */
export class CredentialCommand {
  readonly #words: readonly string[];
  readonly #options: CommandOptions;
  readonly #tokens = new Map<number, CachedToken>();

  /** @param words the program and its arguments, in which `{profileId}` stands for the profile */
  constructor(words: readonly string[], options: CommandOptions) {
    this.#words = words;
    this.#options = options;
  }

  get source(): string {
    const [program = ''] = this.#words;
    // Not its arguments: what is said of a vault is not for everybody.
    return `the credential command of context ${this.#options.contextName} (${basename(program)})`;
  }

  /** The token of a profile; those who ask while it is fetched share one run. */
  of(profileId: number): CachedToken {
    const known = this.#tokens.get(profileId);
    if (known) return known;
    const kept = new CachedToken(() => this.#ask(profileId), this.#options.now);
    this.#tokens.set(profileId, kept);
    return kept;
  }

  /** @throws Failure `credentials-unusable` @throws the signal's reason */
  async #ask(profileId: number): Promise<{ token: string; lifetime: number }> {
    const { now, hide, signal, timeout = TIMEOUT_MS } = this.#options;
    const [program = '', ...args] = this.#words;
    // In another folder it would be another program, which anybody may have put there.
    if (basename(program) !== program && !isAbsolute(program))
      throw this.#unusable(profileId, 'is named by a path that begins in the working folder', WHOLE_PATH);
    const words = [program, ...args.map((word) => word.replaceAll('{profileId}', String(profileId)))];
    const ran = await runProgram(words, { timeout, signal });
    this.#show(ran);
    if (ran.trouble !== null) throw this.#unusable(profileId, ran.trouble);
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), printed), ran.stdout);
    if (!parsed.success) throw this.#unusable(profileId, troubleOf(ran.stdout, parsed.issues));
    const { access_token: token, expires_at: end } = parsed.output;
    hide(token);
    const lifetime = end ? Date.parse(end) - now() : Number.POSITIVE_INFINITY;
    if (lifetime <= 0) throw this.#unusable(profileId, `gave a token that ended at ${end}`);
    return { token, lifetime };
  }

  /** Shows its messages on standard error, without the secrets that it printed. */
  #show({ stdout, stderr, trouble }: Ran): void {
    const [program = ''] = this.#words;
    // All its words but the names of fields.
    const secrets = stdout.match(/[^\s"',:{}]{8,}(?![^\s"',:{}]|"\s*:)/g) ?? [];
    for (const line of redact(stderr, secrets).split('\n'))
      if (line.trim() !== '') this.#options.say(`${basename(program)}: ${printable(line)}`, trouble !== null);
  }

  #unusable(profileId: number, trouble: string, hint = BY_HAND): Failure {
    const message = `There is no token for profile ${profileId}: ${this.source} ${trouble}.`;
    return new Failure('credentials-unusable', message, { hint });
  }
}

/** Describes the mistake in its output, without a part of it. */
function troubleOf(stdout: string, [issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  if (stdout.trim() === '') return 'printed nothing';
  const field = v.getDotPath(issue);
  return field === null ? 'printed no JSON object' : `printed no usable ${field}`;
}

/** The result of a program that was run for its output. */
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
/** The time in which output is read after the end of the program, in milliseconds. */
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
