// Runs the built kioskctl like a user: with its own home, and usually without starting a process.
import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, spawn } from 'node:child_process';
import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import tty from 'node:tty';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parseHints } from './hints.ts';
import { checkDocuments, schemaErrors } from './schemas.ts';

export const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

/** Environment variables that Node itself reads, mostly at its start. */
const FOR_NODE = ['NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'TZ'];

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  /** The JSON document on standard output. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into documents of many shapes
  json: any;
}

export interface RunOptions {
  input?: string | Buffer;
  env?: Record<string, string | undefined>;
  /** Changes the command's process before it starts, as `node --import` does. Only for `run`. */
  prepare?: ((process: NodeJS.Process) => void) | undefined;
}

/** A user: a KIOSKCTL_HOME with an embedded sandbox at speed 50. */
export class User {
  readonly home: string = mkdtempSync(join(tmpdir(), 'kioskctl-'));
  readonly env: Record<string, string | undefined>;
  readonly binary = BINARY;

  constructor(env: Record<string, string> = {}) {
    const bin = join(this.home, 'bin');
    mkdirSync(bin);
    symlinkSync(BINARY, join(bin, 'kioskctl'));
    symlinkSync(process.execPath, join(bin, 'node'));
    this.env = {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: this.home,
      KIOSKCTL_HOME: this.home,
      KIOSKCTL_SANDBOX_SPEED: '50',
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...env,
    };
  }

  /**
   * Runs `kioskctl` in this process, which is ten times faster than starting one. A process is started only if a
   * variable requires it.
   * @param args a text that is split at spaces, or a list
   */
  async run(args: string | string[], options: RunOptions = {}): Promise<Ended> {
    const env = withoutUndefined({ ...this.env, ...options.env });
    if (FOR_NODE.some((name) => env[name])) return this.spawn(args, options);
    const { input = '', prepare } = options;
    const end = await runInProcess({ args: wordsOf(args), env, input }, prepare);
    checkDocuments(end.stdout);
    await this.#check(args, end);
    return {
      ...end,
      get json() {
        return JSON.parse(end.stdout);
      },
    };
  }

  /**
   * Runs `kioskctl` in a process of its own. For tests about processes (concurrency, start, pipes, closed streams,
   * child processes), and for samples of others.
   */
  async spawn(args: string | string[], options: RunOptions = {}): Promise<Ended> {
    const end = await ended(this.start([BINARY, ...wordsOf(args)], options), options.input);
    await this.#check(args, end);
    return end;
  }

  /** Parses every hint of the output, except help, whose examples use other contexts. */
  async #check(args: string | string[], end: Omit<Ended, 'json'>): Promise<void> {
    const words = wordsOf(args);
    if (words[0] !== 'help' && !words.includes('--help')) await parseHints(end);
  }

  /** Executes a script in a POSIX shell, where `kioskctl` is the built program. */
  async shell(script: string, options: RunOptions = {}): Promise<Ended> {
    return ended(spawn('sh', ['-c', script], { env: { ...this.env, ...options.env } }), options.input);
  }

  start(args: string[], options: RunOptions = {}): ChildProcess {
    return spawn(process.execPath, args, { env: { ...this.env, ...options.env } });
  }

  /** Orders a card and waits until it is ready. @returns the reference PROFILE/TOKEN */
  async readyCard(env: Record<string, string> = {}): Promise<string> {
    const { stdout, stderr } = await this.run('order --wait --quiet', { env });
    if (!stdout.includes('/')) throw new Error(`no card: ${stderr}`);
    return stdout.trim();
  }

  leave(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}

function wordsOf(args: string | string[]): string[] {
  return typeof args === 'string' ? args.split(' ').filter(Boolean) : args;
}

function withoutUndefined(env: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** Waits until a process has ended. */
export async function ended(child: ChildProcess, input?: string | Buffer): Promise<Ended> {
  const chunks = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => void (chunks.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (chunks.stderr += text));
  // A process that does not read its input may end before it is written.
  child.stdin?.on('error', () => undefined).end(input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  checkDocuments(chunks.stdout);
  return {
    code,
    ...chunks,
    get json() {
      return JSON.parse(chunks.stdout);
    },
  };
}

// Runs the built bundle without starting a process. Each command, even a concurrent one, sees its own `process`:
// arguments, variables, streams, listeners and exit code. Async context carries it through awaits.
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Given {
  args: string[];
  env: Record<string, string>;
  input: string | Buffer;
}

interface Running {
  process: NodeJS.Process;
  console: Console;
  said: { stdout: Said; stderr: Said };
}

type Main = (root: string) => Promise<void>;

const running = new AsyncLocalStorage<Running>();
const { process: realProcess, console: realConsole } = globalThis;
let loaded: Promise<Main> | null = null;

/** Runs a command to its end. */
async function runInProcess(given: Given, prepare?: RunOptions['prepare']) {
  const main = await (loaded ??= load());
  const own = makeProcess(given);
  prepare?.(own.process);
  await running.run(own, async () => main(ROOT));
  const { exitCode } = own.process;
  const { stdout, stderr } = own.said;
  // Flushes the last output.
  for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.end(resolve));
  return { code: Number(exitCode ?? 0), stdout: stdout.text, stderr: stderr.text };
}

function makeProcess({ args, env, input }: Given): Running {
  const said = { stdout: new Said(), stderr: new Said() };
  const { stdout, stderr } = said;
  const values = {
    argv: [realProcess.execPath, `${ROOT}bin/run.js`, ...args],
    env: { ...env },
    exitCode: undefined,
    stdin: Readable.from(input.length === 0 ? [] : [Buffer.from(input)], { objectMode: false }),
    stdout,
    stderr,
    exit: () => {
      throw new Error('A command ended its process: the test needs a real one (User.spawn).');
    },
    getBuiltinModule: (id: string) =>
      /^(node:)?process$/.test(id) ? processOfTheMoment : realProcess.getBuiltinModule(id),
    ...listenersOfItsOwn(),
  };
  const own: NodeJS.Process = Object.create(realProcess, ownProperties(values));
  return { process: own, console: new Console(stdout, stderr), said };
}

function ownProperties(values: Record<string, unknown>): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { value, writable: true, enumerable: true }]),
  );
}

/** Drops listeners for signals and bugs, which only real processes receive. */
function listenersOfItsOwn() {
  const events = new EventEmitter();
  const bound = (name: 'on' | 'once' | 'off') => events[name].bind(events);
  return { on: bound('on'), once: bound('once'), off: bound('off'), removeListener: bound('off') };
}

/** A pipe whose reader never lags behind. */
class Said extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

/** The object that libraries import as `node:process` and keep. */
const processOfTheMoment = new Proxy(realProcess, {
  get: (_, name) => Reflect.get(globalThis.process, name),
});

const now = () => running.getStore();

/** Loads the bundle with globals that refer to the current command instead of this process. */
async function load(): Promise<Main> {
  Object.defineProperties(globalThis, {
    process: { configurable: true, get: () => now()?.process ?? realProcess },
    console: { configurable: true, get: () => now()?.console ?? realConsole },
  });
  // The bundle reads these objects at each use.
  const { isatty } = tty;
  tty.isatty = (fd) => !now() && isatty(fd);
  realProcess.on('warning', ({ name, message }) =>
    now()?.process.stderr.write(`(node) ${name}: ${message}\n`),
  );
  const bundle: { main: Main } = await import(new URL('../../dist/main.cjs', import.meta.url).href);
  return bundle.main;
}

// What every command owes its user, however it ends.
/** A token that must never appear in output. */
export const SECRET = 'tok-6f1d0c9e-never-show-this';

export interface Expected {
  code: number;
  /** Value of `error.code`. */
  error: string;
  message?: RegExp;
  hint?: RegExp;
}

/** Asserts that standard output is exactly one JSON document. @returns the document */
export function oneDocument(ended: Ended): Ended['json'] {
  expectClean(ended);
  expect(ended.stdout, ended.stderr).toMatch(/^\{.*\}\n$/);
  const document = ended.json;
  expect(document).toMatchObject({ schemaVersion: 1, exitCode: ended.code });
  expect(schemaErrors(document), 'its JSON Schema').toEqual([]);
  return document;
}

/** Asserts a failure in JSON output: the exit code, and one document with a hint. */
export function expectError(ended: Ended, { code, error, message, hint }: Expected): void {
  expect(ended.code, ended.stdout + ended.stderr).toBe(code);
  const document = oneDocument(ended);
  expect(document.error).toMatchObject({ code: error });
  expect(document.error.message).toMatch(message ?? /\S/);
  expect(document.error.hint).toMatch(hint ?? /\S/);
}

/** Asserts a failure in text output: `Error: …` and a hint on standard error. */
export function expectComplaint(ended: Ended, { code, message, hint }: Omit<Expected, 'error'>): void {
  expect(ended.code, ended.stdout + ended.stderr).toBe(code);
  expectClean(ended);
  const [, said = '', advice = ''] = /^Error: (.+)\n {2}(.+)\n/m.exec(ended.stderr) ?? [];
  expect(said, ended.stderr).toMatch(message ?? /\S/);
  expect(advice, ended.stderr).toMatch(hint ?? /\S/);
}

/** Asserts that the output contains no secret, no stack, and no control characters except line breaks and tabs. */
export function expectClean({ stdout, stderr }: Ended): void {
  const all = stdout + stderr;
  expect(all).not.toContain(SECRET);
  expect(all).not.toMatch(/^\s+at \S|node:internal|file:\/\/|internal-error/m);
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  expect(all).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}
