import { Stopwatch, type Uptime } from '../../src/context/clocks.ts';
import type { OwnerProcess } from '../../src/domain/attempt.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import type { ProcessFault, ProcessPlan } from './plan.ts';
import { Random } from './random.ts';
import type { World } from './world.ts';

/** Start of every schedule, for the calendar and for Wise. */
export const EPOCH: number = Date.parse('2026-03-01T12:00:00Z');

const SHORT_MS = 150;

/** Pause of a server without a plan. A command that hands one over waits 5 s for a server. */
const IDLE_MS = 4_000;

/** A time without a network between a process and the server of the journal. */
interface Outage {
  from: number;
  until: number;
  /** True if only the session is cut off that shows that the process is running. */
  isPresenceOnly: boolean;
}

function drawOutage(random: Random, { at, network }: ProcessPlan): Outage {
  const isPresenceOnly = random.chance(0.6);
  const from = at + random.magnitude(100, isPresenceOnly ? 4_000 : 20_000);
  const isAny = random.chance(isPresenceOnly ? 0.9 : network === 'calm' ? 0 : 0.5);
  return { from, until: isAny ? from + random.magnitude(1_000, 200_000) : from, isPresenceOnly };
}

/** A simulated process of kioskctl, with its clocks and everything it waits for. */
export class SimulatedProcess {
  readonly plan: ProcessPlan;
  readonly random: Random;
  readonly stopwatch: Stopwatch;
  /** Calendar of the machine. A mutant may see another one. */
  readonly machineCalendar = { now: (): number => EPOCH + this.#world.timeline.now + this.#stepped };
  readonly calendar = {
    now: (): number => EPOCH + (this.pinned?.time ?? this.#world.timeline.now) + this.#stepped,
  };
  #uptime: Uptime | null = null;
  #machineUptime: (() => number) | null = null;
  readonly abort = new AbortController();
  /** Aborted by the second signal. */
  readonly cut = new AbortController();
  hasBegun = false;
  state: 'running' | 'ended' | 'killed' = 'running';
  /** Exit code; null while the process is running. */
  exitCode: number | null = null;
  ports = 0;
  readonly #visits = new Map<string, number>();
  /** End of the current freeze, on the timeline in milliseconds. */
  frozenUntil = 0;
  /** Number of freezes that are long enough for leases to expire. */
  freezes = 0;
  /** Set for a mutant whose clocks stop before a request. */
  pinned: { time: number; suspended: number } | null = null;
  readonly #world: World;
  readonly #outage: Outage;
  readonly #faults: ProcessFault[];
  readonly #timers = new Map<object, { act: () => void; milliseconds: number }>();

  constructor(world: World, plan: ProcessPlan, faults: ProcessFault[]) {
    this.#world = world;
    this.plan = plan;
    this.#faults = faults;
    this.random = new Random(world.plan.seed, plan.id);
    this.#outage = drawOutage(new Random(world.plan.seed, plan.id, 'outage'), plan);
    const running = () =>
      (this.pinned?.time ?? world.timeline.now) - (this.pinned?.suspended ?? world.suspended);
    this.stopwatch = new Stopwatch(running, async (milliseconds, signal) => this.sleep(milliseconds, signal));
  }

  get id(): string {
    return this.plan.id;
  }

  /** Uptime of the machine on which this process started. */
  get uptime(): Uptime {
    this.#uptime ??= this.#readUptime();
    return this.#uptime;
  }

  /** Uptime clock for heartbeats. A mutant may see another one. */
  get machineUptime(): () => number {
    const world = this.#world;
    const zero = world.bootedAt - world.suspendedAtBoot;
    this.#machineUptime ??= () => world.timeline.now - world.suspended - zero;
    return this.#machineUptime;
  }

  /** The owner of records, while the process is running. */
  get owner(): OwnerProcess {
    const { boot } = this.#world;
    const id = this.#isBootKnown ? boot : null;
    const namespace = this.plan.isContained ? `pid:[${this.id}]` : 'pid:[1]';
    return {
      host: 'machine',
      user: 'ada',
      pid: process.pid,
      startedAt: null,
      boot: id,
      namespace,
    };
  }

  /** Some systems have no boot id. */
  get #isBootKnown(): boolean {
    return new Random(this.#world.plan.seed, 'system').chance(0.8);
  }

  get isRunning(): boolean {
    return this.state === 'running';
  }

  get isFrozen(): boolean {
    return this.frozenUntil > this.#world.timeline.now;
  }

  /** True for a server without a plan. Its checks are rarer, because each of them takes many steps. */
  get #isIdle(): boolean {
    return this.plan.command.kind === 'serve' && !this.#world.truth.plans.areOpen;
  }

  get #stepped(): number {
    return this.#world.stepped;
  }

  /** True while the network between this process and the server of the journal is interrupted. */
  isCutOff(isPresence: boolean): boolean {
    const { isPresenceOnly, from, until } = this.#outage;
    const { timeline, isOver } = this.#world;
    const isNow = !isOver && timeline.now >= from && timeline.now < until;
    return isNow && (isPresence || !isPresenceOnly);
  }

  /** Simulates an await at a port: other processes may run before this one continues. */
  async pause(label: string, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.arrive(label);
      this.wake(milliseconds, resolve);
    });
  }

  /** Simulates waiting for the journal. */
  async pauseAtJournal(label: string): Promise<void> {
    const { random } = this;
    return this.pause(label, random.chance(0.03) ? random.magnitude(50, 4_000) : random.whole(0, 4));
  }

  async sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const stop = () => this.wake(0, () => reject(signal.reason as Error));
      signal.addEventListener('abort', stop, { once: true });
      this.arrive('sleep');
      // Short pauses are made longer, because that needs fewer steps.
      const pause = milliseconds < SHORT_MS ? this.random.whole(SHORT_MS, 10 * SHORT_MS) : milliseconds;
      this.wake(this.#isIdle ? Math.max(pause, IDLE_MS) : pause, () => {
        signal.removeEventListener('abort', stop);
        resolve();
      });
    });
    signal.throwIfAborted();
  }

  /** Counts a call of a port, and applies a planned fault. */
  arrive(label: string): void {
    this.ports += 1;
    const visits = (this.#visits.get(label) ?? 0) + 1;
    this.#visits.set(label, visits);
    this.#world.trace(`${this.id} ${label}`);
    for (const fault of this.#faults)
      if (fault.port === null ? fault.time === this.ports : fault.port === label && fault.time === visits)
        this.#suffer(fault);
  }

  /** Continues after some milliseconds, unless the process is frozen; never if it was killed. */
  wake(milliseconds: number, act: () => void): void {
    this.#world.timeline.after(Math.ceil(milliseconds), () => this.#resume(act));
  }

  kill(): void {
    if (!this.isRunning) return;
    this.state = 'killed';
    this.#world.trace(`${this.id} is killed`);
  }

  freeze(milliseconds: number): void {
    if (!this.isRunning) return;
    this.frozenUntil = Math.max(this.frozenUntil, this.#world.timeline.now + milliseconds);
    this.freezes += 1;
    this.#world.trace(`${this.id} is frozen for ${milliseconds} ms`);
  }

  interrupt(): void {
    this.#world.trace(`${this.id} is interrupted`);
    this.abort.abort(new Failure('interrupted', 'Interrupted.', { hint: 'Nothing.' }));
  }

  /** Replaces `setInterval` of this process. */
  repeat(act: () => void, milliseconds: number): object {
    const timer = { unref: () => timer };
    this.#timers.set(timer, { act, milliseconds });
    this.#tick(timer);
    return timer;
  }

  /** Replaces `clearInterval`. @returns false if the timer belongs to another process */
  clearTimer(timer: object): boolean {
    return this.#timers.delete(timer);
  }

  end(exitCode: number): void {
    if (this.isRunning) this.state = 'ended';
    this.exitCode = exitCode;
    this.#timers.clear();
    this.#world.trace(`${this.id} ends with ${exitCode}`);
  }

  #tick(timer: object): void {
    const known = this.#timers.get(timer);
    if (!known) return;
    this.wake(known.milliseconds, () => {
      if (!this.#timers.has(timer)) return;
      known.act();
      this.#tick(timer);
    });
  }

  #readUptime(): Uptime {
    const world = this.#world;
    const { boot, bootedAt, suspendedAtBoot } = world;
    const withSleep = () => (this.pinned?.time ?? world.timeline.now) - bootedAt;
    return {
      boot: this.#isBootKnown ? boot : `${boot} ${this.id}`,
      now: () => withSleep() - (this.pinned?.suspended ?? world.suspended) + suspendedAtBoot,
      withSleep,
    };
  }

  async #resume(act: () => void): Promise<void> {
    if (!this.isRunning) return;
    if (this.isFrozen) this.#world.timeline.at(this.frozenUntil, () => this.#resume(act));
    else await this.#world.step(this, act);
  }

  #suffer({ kind, milliseconds }: ProcessFault): void {
    if (this.#world.isOver) return;
    switch (kind) {
      case 'kill':
        return this.kill();
      case 'freeze':
        return this.freeze(milliseconds);
      case 'interrupt':
        return this.interrupt();
      case 'interrupt twice':
        this.interrupt();
        this.cut.abort();
        this.kill();
    }
  }
}
