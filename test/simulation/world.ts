import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers';
import type { Reply } from '../../src/sandbox/api/answers.ts';
import { Disk, type JournalFile, type MountedJournal } from './disk.ts';
import { type Guard, Mutation } from './mutation.ts';
import { Network } from './network.ts';
import { type Plan, QUEUE_MS } from './plan.ts';
import { EPOCH, type SimulatedProcess } from './process.ts';
import { Random } from './random.ts';
import { SimulatedServer } from './server.ts';
import { ServerJournal } from './server-journal.ts';
import { Timeline } from './timeline.ts';
import { type Sent, Truth, Violation } from './truth.ts';
import { PROFILE, Vendor, type VendorCard, type VendorRequest } from './vendor.ts';
import { Postman } from './webhooks.ts';

export type Decider = Guard | 'hold';

/** Resources that schedules share, because they are slow to create. */
export class Equipment {
  readonly vendor = new Vendor();
  readonly #memory = new Disk();
  readonly #folder = mkdtempSync(join(tmpdir(), 'kioskctl-simulation-'));
  readonly #files = new Disk(this.#folder);

  /** Returns the disk of a schedule. Some schedules use a real file. */
  diskOf({ seed, isServer }: Plan, without: Guard | null): Disk {
    return !isServer && without === null && seed % SCHEDULES_PER_FILE === 0 ? this.#files : this.#memory;
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const SCHEDULES_PER_FILE = 50;

/** Maximum turns of the event loop for one step of a process. */
const MOST_TURNS = 1_000_000;

/** Everything outside the processes of a schedule: time, network, Wise, disk, users. */
export class World {
  readonly plan: Plan;
  readonly timeline = new Timeline();
  readonly network: Network = new Network(this);
  readonly truth: Truth = new Truth(this);
  readonly postman: Postman;
  readonly mutation: Mutation;
  readonly vendor: Vendor;
  readonly disk: Disk;
  /** The server of the journal; null for a file. */
  readonly server: SimulatedServer | null;
  readonly decisions = new Map<Decider, number>();
  readonly log: string[] = [];
  cards: VendorCard[] = [];
  /** Total change of the calendar, and total time in suspend. */
  stepped = 0;
  suspended = 0;
  /** Id of the machine's current boot, and the time of that boot. */
  boot = 'boot 1';
  bootedAt = 0;
  suspendedAtBoot = 0;
  /** True once no more faults occur. */
  isOver = false;
  /** Number of journal calls in progress. */
  busy = 0;
  /** True if the journal or the real state has changed since they were compared. */
  isDirty = false;
  /** The process that is running. */
  running: SimulatedProcess | null = null;
  readonly #random: Random;
  readonly #baselines = new Map<string, Sent['baseline']>();
  /** Earlier responses to reads of productions, for reads that lag. */
  readonly #shown: { since: number; path: string; reply: Reply }[] = [];
  /** Cards whose first production has failed, in a schedule with plans. */
  readonly #failed = new Set<string>();
  readonly #mounts = new Map<SimulatedProcess, MountedJournal | ServerJournal>();

  constructor(plan: Plan, equipment: Equipment, without: Guard | null) {
    this.plan = plan;
    this.vendor = equipment.vendor;
    this.disk = equipment.diskOf(plan, without);
    this.postman = new Postman(this);
    this.mutation = new Mutation(this, without);
    this.#random = new Random(plan.seed, 'kiosks');
    this.server = plan.isServer ? this.#makeServer() : null;
  }

  /** Wise's clock. */
  get serverTime(): number {
    return Math.floor((EPOCH + this.timeline.now) / 1_000) * 1_000;
  }

  async open(): Promise<void> {
    await this.disk.reset();
    this.cards = await this.vendor.reset(this.plan.cards, () => this.timeline.now);
    for (const { cardToken } of this.cards) await this.#remember(cardToken);
  }

  /** Runs a process until it waits. */
  async step(process: SimulatedProcess, act: () => void): Promise<void> {
    this.running = process;
    act();
    let turns = 0;
    do {
      await immediate();
      turns += 1;
      if (turns > MOST_TURNS) throw new Violation(`a journal call of ${process.id} never ends`);
    } while (this.busy > 0);
    this.running = null;
    await this.check();
  }

  /** Compares the journal with reality. @throws Violation */
  async check(): Promise<void> {
    if (this.truth.broken) throw this.truth.broken;
    if (!this.isDirty) return;
    this.isDirty = false;
    this.postman.post();
    this.truth.checkClaims(await this.disk.current.attempts());
  }

  /** Restarts the machine. */
  restart(): void {
    this.bootedAt = this.timeline.now;
    this.suspendedAtBoot = this.suspended;
    this.boot = `boot ${this.timeline.now}`;
  }

  /** Closes everything that processes left open. */
  async close(): Promise<void> {
    for (const mounted of this.#mounts.values()) await mounted.close();
  }

  trace(text: string): void {
    this.log.push(`${String(this.timeline.now).padStart(8)} ${text}`);
  }

  decided(guard: Decider): void {
    this.decisions.set(guard, (this.decisions.get(guard) ?? 0) + 1);
  }

  recordSending({ baseline, correlationId }: { baseline: unknown; correlationId: string }): void {
    this.#baselines.set(correlationId, baseline as Sent['baseline']);
  }

  /** Records a request of a process. @returns its real state, if it changes a card */
  leave(process: SimulatedProcess, { method, path, correlationId }: VendorRequest): Sent | undefined {
    const card = this.cards.find(
      ({ cardToken, orderId }) => path.includes(cardToken) || path.includes(`card-orders/${orderId}`),
    );
    const mounted = this.#mounts.get(process);
    if (method !== 'PUT' || !card || !mounted) return undefined;
    const kind = path.endsWith('/production') ? 'produce' : 'cancel';
    const baseline = this.#baselines.get(correlationId) ?? null;
    const { cardToken } = card;
    const { file: journal } = mounted;
    return this.truth.leave({ kind, process, cardToken, correlationId, journal, mounted, baseline });
  }

  /** Delivers a request to Wise. @param lag age of the production that a read returns */
  async arrive(
    request: VendorRequest,
    { sent, lag }: { sent: Sent | undefined; lag: number },
  ): Promise<Reply> {
    if (!sent) return this.#lagging(request, lag) ?? this.vendor.handle(request);
    const { cardToken } = sent;
    const before = this.vendor.productionOf(cardToken);
    if (sent.kind === 'produce') this.truth.arrive(sent, before);
    const reply = await this.vendor.handle(request);
    sent.state = 'arrived';
    await this.#changed(cardToken);
    this.trace(`Wise answers the ${sent.kind} of ${sent.process.id} with ${reply.status}`);
    if (sent.kind === 'produce') this.#produceArrived(sent, { reply, before });
    await this.check();
    return reply;
  }

  /** Opens the journal for a process. */
  mount(process: SimulatedProcess): MountedJournal | ServerJournal {
    const mounted = this.server
      ? new ServerJournal(this, process)
      : this.disk.open((check) => this.#finds(check));
    this.#mounts.set(process, mounted);
    return mounted;
  }

  /** Records where the database of a process is. */
  locate(process: SimulatedProcess, here: string): void {
    const mounted = this.#mounts.get(process);
    if (mounted && 'locate' in mounted) mounted.locate(here);
  }

  #makeServer(): SimulatedServer {
    return new SimulatedServer({
      file: (): JournalFile => this.disk.current,
      now: () => this.timeline.now,
      random: new Random(this.plan.seed, 'server'),
      onHidden: (table) => {
        this.truth.broken ??= new Violation(`a row of ${table} becomes visible after a later one`);
      },
    });
  }

  async #changed(cardToken: string): Promise<void> {
    this.isDirty = true;
    await this.#remember(cardToken);
  }

  /** Records the production that reads return from now on. */
  async #remember(cardToken: string): Promise<void> {
    if (this.plan.lag === 0) return;
    const reply = await this.vendor.handle(productionRead(cardToken));
    this.#shown.push({ since: this.timeline.now, path: productionRead(cardToken).path, reply });
  }

  /** Returns a production from some time ago. @returns undefined for other requests */
  #lagging({ path }: VendorRequest, lag: number): Reply | undefined {
    const then = this.timeline.now - lag;
    const shown = this.#shown.filter((one) => one.path === path);
    const reply = (shown.findLast(({ since }) => since <= then) ?? shown[0])?.reply;
    return (
      reply && { ...reply, headers: { ...reply.headers, date: new Date(this.serverTime).toUTCString() } }
    );
  }

  #finds(check: 'identity' | 'generation'): boolean {
    if (this.mutation.without === check) return false;
    this.decided(check);
    return true;
  }

  #produceArrived(
    sent: Sent,
    { reply, before }: { reply: Reply; before: ReturnType<Vendor['productionOf']> },
  ): void {
    const body = JSON.parse(reply.body.toString() || '{}') as {
      occurredAt?: string;
      errorCode?: string | null;
    };
    const isQueued = body.errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED';
    if (reply.status !== 200 && !isQueued) return;
    const occurredAt = Date.parse(body.occurredAt ?? '');
    this.truth.accept(sent, { before, occurredAt, isQueued });
    const delay = isQueued ? QUEUE_MS : 0;
    this.timeline.after(delay + this.#random.magnitude(300, 60_000), async () =>
      this.#finish(sent, occurredAt),
    );
    if (isQueued) this.timeline.after(delay + 1, async () => this.#start(sent, occurredAt));
  }

  async #start({ cardToken }: Sent, occurredAt: number): Promise<void> {
    this.vendor.tick();
    const isStarted = this.vendor.productionOf(cardToken)?.occurredAt === occurredAt;
    // A queued request is dropped with its order.
    this.truth.move(cardToken, occurredAt, isStarted ? 'in progress' : 'dropped');
    await this.#changed(cardToken);
    await this.check();
  }

  /** True for the first production of a card in a schedule with plans: without a failure, there is nothing to retry. */
  #isFirstToFail(cardToken: string): boolean {
    if (!hasPlans(this.plan) || this.#failed.has(cardToken)) return false;
    this.#failed.add(cardToken);
    return true;
  }

  /** Ends the production of a card at its kiosk. */
  async #finish({ cardToken }: Sent, occurredAt: number): Promise<void> {
    const isFine = (this.#random.chance(0.5) && !this.#isFirstToFail(cardToken)) || this.isOver;
    const errorCode = isFine ? null : this.#random.pick(['PRT_RIBBON_ENDED', 'CB_TIME', 'PRD_HOPPER_DOOR']);
    const { status, occurredAt: current } = this.vendor.productionOf(cardToken) ?? {};
    if (status !== 'IN_PROGRESS' || current !== occurredAt) return;
    this.vendor.finish(cardToken, errorCode);
    this.trace(`the machine ends the card: ${errorCode ?? 'PRODUCED'}`);
    this.truth.move(cardToken, occurredAt, isFine ? 'produced' : 'failed');
    await this.#changed(cardToken);
    await this.check();
  }
}

/** True if a user hands a plan over in a schedule. */
function hasPlans({ items }: Plan): boolean {
  return items.some((item) => item.kind === 'process' && item.command.kind === 'detach');
}

function productionRead(cardToken: string): VendorRequest {
  const path = `/v3/spend/profiles/${PROFILE}/cards/${cardToken}/production`;
  return { method: 'GET', path, body: undefined, correlationId: '' };
}

/** Resolves once all microtasks have ended. */
export async function immediate(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
