import type { Context } from '../../src/context/context.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { NO_RUNBOOK } from '../../src/domain/runbook.ts';
import type { Reply } from '../../src/sandbox/api/answers.ts';
import { SimulatedClient } from './client.ts';
import { Disk, type MountedJournal } from './disk.ts';
import { openSimulatedJournal } from './journal.ts';
import { type Guard, Mutation } from './mutation.ts';
import { Network } from './network.ts';
import type { Plan } from './plan.ts';
import { EPOCH, type SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { Timeline } from './timeline.ts';
import { type Sent, Truth, Violation } from './truth.ts';
import { PROFILE, Vendor, type VendorCard, type VendorRequest } from './vendor.ts';

export type Decider = Guard | 'hold or lost claim';

/** What outlives a schedule, because it takes long to make. */
export class Equipment {
  readonly vendor = new Vendor();
  readonly disk = new Disk();
}

/** Everything outside of the processes of one schedule: time, network, Wise, disk, persons. */
export class World {
  readonly plan: Plan;
  readonly timeline = new Timeline();
  readonly network: Network = new Network(this);
  readonly truth: Truth = new Truth(this);
  readonly mutation: Mutation;
  readonly vendor: Vendor;
  readonly disk: Disk;
  readonly decisions = new Map<Decider, number>();
  readonly log: string[] = [];
  cards: VendorCard[] = [];
  /** By how much the calendar was set, and for how long the machine slept. */
  stepped = 0;
  suspended = 0;
  /** No fault happens any more. */
  isOver = false;
  /** Calls of the journal that have not returned. */
  busy = 0;
  /** True if what the journal says or what is true has changed since it was compared. */
  isDirty = false;
  /** The process that runs now. */
  running: SimulatedProcess | null = null;
  readonly #random: Random;
  readonly #baselines = new Map<string, Sent['baseline']>();
  readonly #mounts = new Map<SimulatedProcess, MountedJournal>();

  constructor(plan: Plan, { vendor, disk }: Equipment, without: Guard | null) {
    this.plan = plan;
    this.vendor = vendor;
    this.disk = disk;
    this.mutation = new Mutation(this, without);
    this.#random = new Random(plan.seed, 'kiosks');
  }

  /** The clock of Wise. */
  get serverTime(): number {
    return Math.floor((EPOCH + this.timeline.now) / 1_000) * 1_000;
  }

  async open(): Promise<void> {
    await this.disk.reset();
    this.cards = await this.vendor.reset(this.plan.cards, () => this.timeline.now);
  }

  /** Lets a process run until it waits for something. */
  async step(process: SimulatedProcess, act: () => void): Promise<void> {
    this.running = process;
    act();
    do await immediate();
    while (this.busy > 0);
    this.running = null;
    await this.check();
  }

  /** @throws Violation */
  async check(): Promise<void> {
    if (this.truth.broken) throw this.truth.broken;
    if (!this.isDirty) return;
    this.isDirty = false;
    this.truth.checkClaims(await this.disk.current.attempts());
  }

  trace(text: string): void {
    this.log.push(`${String(this.timeline.now).padStart(8)} ${text}`);
  }

  decided(guard: Decider): void {
    this.decisions.set(guard, (this.decisions.get(guard) ?? 0) + 1);
  }

  recordSending(
    _process: SimulatedProcess,
    { baseline, correlationId }: { baseline: unknown; correlationId: string },
  ): void {
    this.#baselines.set(correlationId, baseline as Sent['baseline']);
  }

  /** A request leaves a process. @returns its true story, if it changes a card */
  leave(process: SimulatedProcess, { method, path, correlationId }: VendorRequest): Sent | undefined {
    const card = this.cards.find(
      ({ cardToken, orderId }) => path.includes(cardToken) || path.includes(`card-orders/${orderId}`),
    );
    const journal = this.#mounts.get(process)?.file;
    if (method !== 'PUT' || !card || !journal) return undefined;
    const kind = path.endsWith('/production') ? 'produce' : 'cancel';
    const baseline = this.#baselines.get(correlationId) ?? null;
    const { cardToken } = card;
    return this.truth.leave({ kind, process, cardToken, correlationId, journal, baseline });
  }

  /** A request arrives at Wise. */
  async arrive(request: VendorRequest, sent: Sent | undefined): Promise<Reply> {
    if (!sent) return this.vendor.handle(request);
    const { cardToken } = sent;
    const before = this.vendor.productionOf(cardToken);
    const reply = await this.vendor.handle(request);
    sent.state = 'arrived';
    this.isDirty = true;
    this.trace(`Wise answers the ${sent.kind} of ${sent.process.id} with ${reply.status}`);
    if (sent.kind === 'produce') this.#produceArrived(sent, { reply, before });
    await this.check();
    return reply;
  }

  context(process: SimulatedProcess): Context {
    const { card, kiosk, timeout } = process.plan.command;
    const mounted = this.disk.open((check) => this.#finds(check));
    this.#mounts.set(process, mounted);
    const { without } = this.mutation;
    return {
      name: 'sandbox',
      environment: 'sandbox',
      profileId: PROFILE,
      profileIsExplicit: false,
      kiosks: [parseKioskId('WIS00001'), parseKioskId('WIS00002')],
      program: null,
      reason: `card ${card}`,
      invocation: { flags: [], kioskId: kiosk as KioskId },
      secrets: [],
      timing: { timeout, firstPause: 1_000, interval: 5_000, settleWindow: without === 'settle' ? 0 : 30_000 },
      wise: new SimulatedClient(this, process),
      journal: openSimulatedJournal(this, process, mounted),
      files: NOTHING as Context['files'],
      stopwatch: process.stopwatch,
      calendar: process.calendar,
      signal: process.abort.signal,
      ask: this.#askOf(process),
      report: REPORT,
      webhooks: NOTHING as Context['webhooks'],
      webhookKey: async () => Promise.reject(new TypeError('no key in a simulation')),
      sandboxControl: () => NOTHING as ReturnType<Context['sandboxControl']>,
      runbook: async () => NO_RUNBOOK,
      authorize: async () => ({ source: 'the simulation', endsAt: null }),
      clientKey: async () => 'simulation',
    };
  }

  /** A person who takes a while, and says mostly yes. */
  #askOf(process: SimulatedProcess): Context['ask'] {
    const card = this.cards[process.plan.command.card - 1]?.cardToken ?? '';
    return {
      confirm: async () => {
        const shown = this.vendor.productionOf(card);
        await process.pause('ask', process.random.magnitude(500, 40_000));
        const isYes = this.isOver || process.random.chance(0.85);
        if (isYes) this.truth.approve(card, shown);
        return isYes;
      },
      choose: async (_, { choices }) => process.random.pick(choices),
      type: async () => 'simulated',
    };
  }

  #finds(check: 'identity' | 'generation'): boolean {
    if (this.mutation.without === check) return false;
    this.decided(check);
    return true;
  }

  #produceArrived(sent: Sent, { reply, before }: { reply: Reply; before: ReturnType<Vendor['productionOf']> }): void {
    const body = JSON.parse(reply.body.toString() || '{}') as { occurredAt?: string; errorCode?: string | null };
    const isQueued = body.errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED';
    if (reply.status !== 200 && !isQueued) return;
    const occurredAt = Date.parse(body.occurredAt ?? '');
    this.truth.accept(sent, { before, occurredAt, isQueued });
    const delay = isQueued ? 20_000 : 0;
    this.timeline.after(delay + this.#random.magnitude(300, 60_000), async () => this.#finish(sent, occurredAt));
    if (isQueued) this.timeline.after(delay + 1, async () => this.#start(sent, occurredAt));
  }

  async #start({ cardToken }: Sent, occurredAt: number): Promise<void> {
    this.vendor.tick();
    const isStarted = this.vendor.productionOf(cardToken)?.occurredAt === occurredAt;
    if (isStarted) this.truth.move(cardToken, occurredAt, 'in progress');
    this.isDirty = true;
    await this.check();
  }

  /** The machine is done with a card. */
  async #finish({ cardToken }: Sent, occurredAt: number): Promise<void> {
    const isFine = this.isOver || this.#random.chance(0.5);
    const errorCode = isFine ? null : this.#random.pick(['PRT_RIBBON_ENDED', 'CB_TIME', 'PRD_HOPPER_DOOR']);
    const { status, occurredAt: current } = this.vendor.productionOf(cardToken) ?? {};
    if (status !== 'IN_PROGRESS' || current !== occurredAt) return;
    this.vendor.finish(cardToken, errorCode);
    this.trace(`the machine ends the card: ${errorCode ?? 'PRODUCED'}`);
    this.truth.move(cardToken, occurredAt, isFine ? 'produced' : 'failed');
    this.isDirty = true;
    await this.check();
  }
}

const NOTHING: unknown = new Proxy({}, {
  get: () => {
    throw new TypeError('a port that a simulation does not have');
  },
});

const REPORT: Context['report'] = {
  note: () => undefined,
  hint: () => undefined,
  warn: () => undefined,
  block: () => undefined,
  progress: () => undefined,
};

async function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export { Violation };
