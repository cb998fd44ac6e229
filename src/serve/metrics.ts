import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { ListenerObserver } from '../events/listener.ts';
import type { AdminAnswer, AdminOptions } from '../http/admin-server.ts';
import {
  Counter,
  countsOf,
  EXPOSITION_TYPE,
  Histogram,
  type Metric,
  orZero,
  renderMetrics,
  type Sample,
} from './exposition.ts';
import type { ServerHealth } from './health.ts';
import { readSnapshot } from './journal-snapshot.ts';
import type { Outbox } from './outbox.ts';

/** The metrics of a server. Their names and labels are stable, and docs/serve.md describes them. */
export const METRICS = {
  build_info: ['gauge', 'Version of kioskctl and Node. Always 1.'],
  ready: ['gauge', '1 while events can be stored.'],
  credentials_available: ['gauge', '1 if the default profile has credentials.'],
  job_enabled: ['gauge', '1 if the job is configured and has the credentials that it needs.'],
  job_runner: ['gauge', '1 if this process runs jobs of the journal.'],
  job_runs_total: ['counter', 'Runs of jobs in this process.'],
  job_last_success_timestamp_seconds: ['gauge', 'Last successful run of a job in this process.'],
  webhooks_total: ['counter', 'Webhooks by result and reason. Probes are not counted.'],
  webhook_answer_seconds: ['histogram', 'Time from the headers of a webhook to its answer.'],
  events_stored_total: ['counter', 'Events that were new.'],
  events_duplicate_total: ['counter', 'Events that were already stored.'],
  journal_write_seconds: ['histogram', 'Time for storing an event durably.'],
  journal_heartbeat_seconds: ['histogram', 'Time for a heartbeat, which is written every 2 seconds.'],
  journal_read_seconds: ['histogram', 'Time for reading the journal for the metrics.'],
  api_requests_total: ['counter', 'Requests to Wise by HTTP status; none without an answer.'],
  rate_limit_use_ratio: ['gauge', 'Share of the rate limits of Wise that this process uses.'],
  outbox_deliveries_total: ['counter', 'Deliveries to targets by result.'],
  outbox_given_up_total: ['counter', 'Events and notices that were given up.'],
  outbox_targets_retired_total: [
    'counter',
    'Targets of events that were retired, because no server served them.',
  ],
  journal_readable: ['gauge', '1 if the journal could be read for the metrics below.'],
  last_event_timestamp_seconds: ['gauge', 'Arrival of the last event in the journal.'],
  outbox_waiting: ['gauge', 'Events and notices that wait for a target.'],
  outbox_oldest_seconds: ['gauge', 'Age of the oldest one that waits for a target; 0 for none.'],
  cards: ['gauge', 'Unfinished cards by kiosk and stage.'],
  failed_cards: ['gauge', 'Failed and refused cards by kiosk and error code.'],
  stuck_cards: ['gauge', 'Cards in progress for over 30 minutes by kiosk.'],
  cards_days_left: ['gauge', 'Unproduced cards by their days left.'],
  unknown_attempts: ['gauge', 'Produce requests whose outcome is unknown.'],
} as const satisfies Record<string, readonly [Metric['type'], string]>;

type Name = keyof typeof METRICS;

type Samples = Partial<Record<Name, readonly Sample[]>>;

/** Milliseconds for which a snapshot of the journal is shown again. A large journal takes a while to read. */
const SNAPSHOT_MS = 10_000;

/** Maximum time for reading the journal, in milliseconds. Prometheus waits for 10 seconds by default. */
const READ_MS = 5_000;

interface Parts {
  health: ServerHealth;
  outbox: Outbox;
  build: Record<string, string>;
}

/** Counts what a server does, and shows it with the state of the journal in the text format of Prometheus. */
export class ServerMetrics implements ListenerObserver {
  readonly #ctx: Context;
  readonly #health: ServerHealth;
  readonly #build: Record<string, string>;
  readonly #webhooks = new Counter();
  readonly #stored = new Counter();
  readonly #duplicates = new Counter();
  readonly #answers = new Histogram();
  readonly #writes = new Histogram();
  readonly #heartbeats = new Histogram();
  readonly #reads = new Histogram();
  readonly #outbox: Outbox;
  #snapshot: { at: Reading; read: Promise<Samples | null> } | null = null;

  constructor(ctx: Context, { health, outbox, build }: Parts) {
    this.#ctx = ctx;
    this.#health = health;
    this.#build = build;
    this.#outbox = outbox;
  }

  get routes(): AdminOptions['routes'] {
    return { '/metrics': { isOpen: false, answer: async () => this.#answer() } };
  }

  onWebhook(result: string, reason = ''): void {
    this.#webhooks.add({ result, reason });
    if (result === 'stored') this.#stored.add();
    if (result === 'duplicate') this.#duplicates.add();
  }

  onAnswer(milliseconds: number): void {
    this.#answers.add(milliseconds / 1_000);
  }

  onWrite(milliseconds: number): void {
    this.#writes.add(milliseconds / 1_000);
  }

  onHeartbeat(milliseconds: number): void {
    this.#heartbeats.add(milliseconds / 1_000);
  }

  async #answer(): Promise<AdminAnswer> {
    const snapshot = await this.#readSnapshot();
    const samples: Samples = {
      ...this.#ofProcess(),
      journal_readable: one(snapshot !== null),
      ...snapshot,
    };
    const metrics = namesOf(METRICS).map((name): Metric => {
      const [type, help] = METRICS[name];
      return { name: `kioskctl_${name}`, type, help, samples: samples[name] ?? [] };
    });
    return { httpStatus: 200, type: EXPOSITION_TYPE, body: renderMetrics(metrics) };
  }

  #ofProcess(): Samples {
    const { isReady, areCredentialsThere } = this.#health;
    return {
      build_info: [{ labels: this.#build, value: 1 }],
      ready: one(isReady),
      credentials_available: areCredentialsThere === null ? [] : one(areCredentialsThere),
      ...this.#ofJobs(),
      webhooks_total: this.#webhooks.samples,
      webhook_answer_seconds: this.#answers.samples,
      events_stored_total: orZero(this.#stored.samples),
      events_duplicate_total: orZero(this.#duplicates.samples),
      journal_write_seconds: this.#writes.samples,
      journal_heartbeat_seconds: this.#heartbeats.samples,
      journal_read_seconds: this.#reads.samples,
      api_requests_total: countsOf(this.#ctx.wise.answers, 'answer'),
      rate_limit_use_ratio:
        this.#ctx.wise.limiter?.windows.map(({ limit, use }) => ({
          labels: { within: `${limit.within / 1_000}s` },
          value: use,
        })) ?? [],
      outbox_deliveries_total: this.#outbox.deliveries.samples,
      outbox_given_up_total: this.#outbox.givenUp.samples,
      outbox_targets_retired_total: orZero(this.#outbox.retired.samples),
    };
  }

  #ofJobs(): Samples {
    const { jobs } = this.#health;
    const each = (samplesOf: (state: (typeof jobs.states)[number]) => readonly Sample[]) =>
      jobs.states.flatMap((state) =>
        samplesOf(state).map(({ labels, value }) => ({ labels: { job: state.job.name, ...labels }, value })),
      );
    return {
      job_enabled: each(({ job }) => one(this.#health.isOn(job))),
      job_runner: one(jobs.isRunner),
      job_runs_total: each(({ runs }) => [
        { labels: { result: 'done' }, value: runs.done },
        { labels: { result: 'failed' }, value: runs.failed },
      ]),
      job_last_success_timestamp_seconds: each(({ succeededAt }) =>
        succeededAt === null ? [] : [{ value: succeededAt / 1_000 }],
      ),
    };
  }

  /** Reads the journal. Scrapes at the same time share one read. @returns null if it can't be read in time */
  async #readSnapshot(): Promise<Samples | null> {
    const { stopwatch } = this.#ctx;
    if (this.#snapshot === null || stopwatch.since(this.#snapshot.at) >= SNAPSHOT_MS)
      this.#snapshot = { at: stopwatch.now(), read: this.#read() };
    return this.#snapshot.read;
  }

  async #read(): Promise<Samples | null> {
    const { stopwatch, signal } = this.#ctx;
    const over = new AbortController();
    const read = async (): Promise<Samples> => {
      const began = stopwatch.now();
      const snapshot = await readSnapshot(this.#ctx, this.#outbox);
      this.#reads.add(stopwatch.since(began) / 1_000);
      return snapshot;
    };
    const late = stopwatch.sleep(READ_MS, AbortSignal.any([signal, over.signal])).then(() => null);
    const snapshot = await Promise.race([read(), late]).catch(() => null);
    over.abort();
    await late.catch(() => null);
    return snapshot;
  }
}

function one(isTrue: boolean): Sample[] {
  return [{ value: Number(isTrue) }];
}

function namesOf(table: typeof METRICS): Name[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the keys of a literal
  return Object.keys(table) as Name[];
}
