// Runs the built bundle without starting a process. Each command has a `process` of its own, also while others run: its
// words, variables, streams, listeners and exit code; what it waits for carries it along.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { enableCompileCache } from 'node:module';
import os from 'node:os';
import { Readable, Writable } from 'node:stream';
import tty from 'node:tty';
import { fileURLToPath } from 'node:url';
import { COMPILE_CACHE } from '../compile-cache.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Given {
  args: string[];
  env: Record<string, string>;
  input: string;
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
export async function runInProcess(given: Given) {
  const main = await (loaded ??= load());
  const own = prepare(given);
  await running.run(own, async () => main(ROOT));
  const { exitCode } = own.process;
  const { stdout, stderr } = own.said;
  // What was written last goes out with the end.
  for (const stream of [stdout, stderr]) await new Promise<void>((resolve) => stream.end(resolve));
  return { code: Number(exitCode ?? 0), stdout: stdout.text, stderr: stderr.text };
}

function prepare({ args, env, input }: Given): Running {
  const said = { stdout: new Said(), stderr: new Said() };
  const { stdout, stderr } = said;
  const values = {
    argv: [realProcess.execPath, `${ROOT}bin/run.js`, ...args],
    env: { ...env },
    exitCode: undefined,
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)], { objectMode: false }),
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

/** Signals and bugs come to real processes only; here nothing that was installed for them stays. */
function listenersOfItsOwn() {
  const events = new EventEmitter();
  const bound = (name: 'on' | 'once' | 'off') => events[name].bind(events);
  return { on: bound('on'), once: bound('once'), off: bound('off'), removeListener: bound('off') };
}

/** A pipe whose reader is never behind. */
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

/** What libraries import as `node:process`, and keep. */
const processOfTheMoment = new Proxy(realProcess, {
  get: (_, name) => Reflect.get(globalThis.process, name),
});

const now = () => running.getStore();

/** Loads the bundle into a world in which everything that tells of the process tells of the command that asks. */
async function load(): Promise<Main> {
  enableCompileCache(COMPILE_CACHE);
  Object.defineProperties(globalThis, {
    process: { configurable: true, get: () => now()?.process ?? realProcess },
    console: { configurable: true, get: () => now()?.console ?? realConsole },
  });
  // The bundle asks these objects each time.
  const { isatty } = tty;
  const { homedir } = os;
  tty.isatty = (fd) => !now() && isatty(fd);
  os.homedir = () => now()?.process.env.HOME ?? homedir();
  realProcess.on('warning', ({ name, message }) =>
    now()?.process.stderr.write(`(node) ${name}: ${message}\n`),
  );
  const bundle: { main: Main } = await import(new URL('../../dist/main.js', import.meta.url).href);
  return bundle.main;
}
