// `kioskctl listen` as a process, with its output.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

// oxlint-disable-next-line typescript/no-explicit-any -- tests look into lines of many shapes
export type Line = any;

export class ListenerProcess {
  readonly child: ChildProcess;
  readonly lines: Line[] = [];
  stderr = '';
  readonly #closed: Promise<number | null>;
  #told: (() => void)[] = [];

  constructor(env: Record<string, string | undefined>, args: readonly string[]) {
    this.child = spawn(process.execPath, [BINARY, 'listen', '--port', '0', '--json', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.child;
    if (!stdout || !stderr) throw new TypeError('no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line));
      for (const told of this.#told.splice(0)) told();
    });
    stderr.on('data', (chunk) => void (this.stderr += String(chunk)));
    this.#closed = once(this.child, 'close').then(([code]) => code as number | null);
  }

  /** Starts one, and waits until it is ready. */
  static async start(env: Record<string, string | undefined>, ...args: string[]): Promise<ListenerProcess> {
    const listener = new ListenerProcess(env, args);
    await listener.line('ready');
    return listener;
  }

  get url(): string {
    return this.lines[0].url;
  }

  /** Waits for the first line of this type that passes the check. */
  async line(type: string, test: (line: Line) => boolean = () => true): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => line.type === type && test(line));
      if (found) return found;
      const news = new Promise<'news'>((resolve) => this.#told.push(() => resolve('news')));
      if ((await Promise.race([news, this.#closed])) !== 'news' && !this.#has(type, test))
        throw new Error(`no ${type}: ${this.stderr}${JSON.stringify(this.lines)}`);
    }
  }

  ofType(type: string): Line[] {
    return this.lines.filter((line) => line.type === type);
  }

  /** @returns the exit code */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.child.kill(signal);
    return this.#closed;
  }

  #has(type: string, test: (line: Line) => boolean): boolean {
    return this.lines.some((line) => line.type === type && test(line));
  }
}
