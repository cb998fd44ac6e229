// The machine of a person: its processes, its power and its network.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Ended, ended, type User } from '../harness/program.ts';
import type { CuttingProxy } from '../postgres/cutting-proxy.ts';

/** Starts a program in a pid namespace of its own, which ends with `unshare`. */
const CONTAINED = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const mayContain = spawnSync('unshare', [...CONTAINED, 'true']).status === 0;

export class Machine {
  readonly proxy: CuttingProxy;
  readonly #user: User;
  readonly #isContained: boolean;
  readonly #started = Promise.withResolvers<void>();
  #child: ChildProcess | null = null;
  #hasPower = true;

  constructor(user: User, { proxy, isContained }: { proxy: CuttingProxy; isContained: boolean }) {
    this.#user = user;
    this.proxy = proxy;
    this.#isContained = isContained && mayContain;
  }

  /** Resolves when the first process has printed its context, before it uses the journal. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  get hasPower(): boolean {
    return this.#hasPower;
  }

  get name(): string {
    return JSON.parse(this.#user.env.MACHINE ?? '{}').user;
  }

  /** Runs a command to its end. */
  async run(args: readonly string[]): Promise<Ended> {
    const words = [process.execPath, this.#user.binary, ...args];
    const [program = '', ...rest] = this.#isContained ? ['unshare', ...CONTAINED, ...words] : words;
    this.#child = spawn(program, rest, { env: this.#user.env });
    this.#child.stderr?.once('data', this.#started.resolve);
    this.#child.once('close', this.#started.resolve);
    return ended(this.#child);
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Kills the process, and lets its connections look open to the server. */
  powerOff(): void {
    this.#hasPower = false;
    this.proxy.freeze();
    this.kill();
  }

  /** Stops the process for a while. */
  async suspend(milliseconds: number): Promise<void> {
    this.#signal('SIGSTOP');
    await pause(milliseconds);
    this.#signal('SIGCONT');
  }

  async freezeNetwork(milliseconds: number): Promise<void> {
    this.proxy.freeze();
    await pause(milliseconds);
    if (this.#hasPower) this.proxy.thaw();
  }

  /** Turns the power on again. */
  replaced(): this {
    this.#hasPower = true;
    this.proxy.cut();
    this.proxy.thaw();
    return this;
  }

  close(): void {
    this.kill();
    this.replaced();
    this.proxy.loses = null;
    this.#user.leave();
  }

  #signal(signal: NodeJS.Signals): void {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const pid = this.#isContained ? innerOf(child.pid) : child.pid;
    // It may have ended meanwhile.
    try {
      if (pid !== null) process.kill(pid, signal);
    } catch {}
  }
}

/** Returns the first process in the namespace; null if it has ended. */
function innerOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}
