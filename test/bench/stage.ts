// Processes of a benchmark: the embedded sandbox, a listener, and commands, in a home of their own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Ran {
  // oxlint-disable-next-line typescript/no-explicit-any -- documents of many shapes
  document: any;
  exitCode: number | null;
  seconds: number;
  /** The most memory that it ever had, in MiB. */
  memory: number;
}

export class Stage {
  readonly home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
  readonly #children: ChildProcess[] = [];
  readonly #env: NodeJS.ProcessEnv;
  url = '';

  constructor(env: NodeJS.ProcessEnv = {}) {
    const home = this.home;
    this.#env = {
      PATH: process.env.PATH,
      HOME: home,
      KIOSKCTL_HOME: home,
      KIOSKCTL_ENVIRONMENT: 'local',
      ...env,
    };
  }

  /** Serves the sandbox, and a listener to its events. */
  async open(sandboxFlags: readonly string[]): Promise<void> {
    await this.serveSandbox(sandboxFlags);
    await this.#serve(['listen', '--base-url', this.url, '--port', '0']);
  }

  async serveSandbox(flags: readonly string[]): Promise<void> {
    this.url = await this.#serve(['sandbox', '--port', '0', ...flags], {
      KIOSKCTL_ENVIRONMENT: 'local',
      KIOSKCTL_TOKEN: undefined,
    });
  }

  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(path.startsWith('/v') && {
          authorization: 'Bearer any',
          'x-idempotence-uuid': crypto.randomUUID(),
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as Answer;
  }

  /** What becomes of the next cards at each kiosk, by itself. */
  async outcomes(kioskIds: readonly string[], outcome: Record<string, unknown>): Promise<void> {
    for (const kioskId of kioskIds)
      await this.call('POST', '/_sandbox/faults', { kind: 'outcome', kioskId, ...outcome });
  }

  /** Runs a command to its end, and watches its memory. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const started = performance.now();
    const child = spawn(process.execPath, ['bin/run.js', ...args, '--base-url', this.url], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let stdout = '';
    let memory = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    const watch = setInterval(() => void (memory = Math.max(memory, peakOf(child.pid ?? 0))), 100);
    const [exitCode] = (await once(child, 'close')) as [number | null];
    clearInterval(watch);
    return {
      document: stdout.startsWith('{') ? JSON.parse(stdout) : null,
      exitCode,
      seconds: (performance.now() - started) / 1_000,
      memory,
    };
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  async #serve(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const child = spawn(process.execPath, ['bin/run.js', ...args, '--json'], {
      env: { ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    return (JSON.parse(line) as { url: string }).url;
  }
}

/** WIS00001, WIS00002 … */
export function kioskIds(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `WIS${String(index + 1).padStart(5, '0')}`);
}

/** Says of each figure whether it is met; the process ends with 1 when one is not. */
export function report(checks: readonly [what: string, isMet: boolean][]): void {
  for (const [what, isMet] of checks) console.log(`${isMet ? 'met' : 'NOT MET'}: ${what}`);
  process.exitCode = checks.every(([, isMet]) => isMet) ? 0 : 1;
}

/** The most memory that a process ever had, in MiB; 0 once it is gone. */
export function peakOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    // A process that has ended has no memory any more, until its parent has waited for it.
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  } catch {
    return 0;
  }
}
