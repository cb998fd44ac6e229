// The environment of workflow tests: a real sandbox over HTTP, a real journal file, and a simulated clock.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { order } from '../../src/cards/order.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import type { Ask, Context, Report } from '../../src/context/context.ts';
import type { WaitProgress } from '../../src/context/progress.ts';
import type { OwnerProcess } from '../../src/domain/attempt.ts';
import { Failure } from '../../src/domain/errors/failure.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { NO_RUNBOOK } from '../../src/domain/runbook.ts';
import { AdminServer } from '../../src/http/admin-server.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { JournalFile } from '../../src/journal/journal-file.ts';
import { openSqliteJournal, type SqliteJournalOptions } from '../../src/journal/open-journal.ts';
import { currentOwner } from '../../src/journal/store/owner.ts';
import { uptimeNow } from '../../src/machine/boot.ts';
import { RemoteSandbox } from '../../src/sandbox/control-client.ts';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { Forwarder } from '../../src/webhooks/forwarder.ts';
import { Receiver } from '../../src/webhooks/receiver.ts';
import type { Fault } from '../../src/wire/fault.ts';
import { Client } from '../../src/wise/client.ts';
import { SimulatedClock } from './clock.ts';
import { files } from './command-line.ts';
import { Signer } from './events.ts';

/** The signer of Wise's webhooks, shared by all tests of a file, because creating a key takes a while. */
export const SIGNER = new Signer();

/** Replaces parts of the context; `onSleep` runs before each sleep. */
export interface Overrides extends Partial<Context> {
  clock?: SimulatedClock;
  onSleep?: (milliseconds: number, signal: AbortSignal) => unknown;
}

export interface LoggedRequest {
  method: string;
  path: string;
  status: number;
  effect: boolean;
  kioskId?: KioskId;
}

export class World {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'kioskctl-world-'));
  readonly clock = new SimulatedClock();
  readonly abort = new AbortController();
  /** Aborted by a second signal. */
  readonly cut = new AbortController();
  readonly said: string[] = [];
  readonly shown: WaitProgress[] = [];
  /** The user's answers to the next prompts, and the prompts so far. */
  readonly answers: (boolean | string)[] = [];
  readonly asked: string[] = [];
  readonly sandbox: Sandbox;
  url = '';
  #journal: Journal | null = null;
  /** The uptime clock advances with the simulated clock. */
  readonly #start = { now: this.clock.now(), uptime: uptimeNow() };

  /** @param speed factor by which the delays of the sandbox are shorter */
  constructor({ speed = 1 }: { speed?: number } = {}) {
    const stateFile = join(this.folder, 'sandbox.db');
    this.sandbox = new Sandbox({ stateFile, speed, seed: 7, now: () => this.clock.now() });
  }

  static async open(options: { speed?: number } = {}): Promise<World> {
    const world = new World(options);
    world.url = await world.sandbox.listen({ host: '127.0.0.1', port: 0 });
    return world;
  }

  get journal(): Journal {
    this.#journal ??= this.openJournal();
    return this.#journal;
  }

  /** Opens the same journal file like another process. @param owner fields of that process */
  openJournal(environment = 'local', owner: Partial<OwnerProcess> = {}): Journal {
    return openSqliteJournal({
      ...this.#journalOptions(environment),
      owner: { ...currentOwner(), ...owner },
    });
  }

  #journalOptions(environment: string): SqliteJournalOptions {
    return {
      file: join(this.folder, 'journal.db'),
      environment,
      now: () => this.clock.now(),
      uptime: () => this.#start.uptime + (this.clock.now() - this.#start.now),
    };
  }

  context({ clock = this.clock, onSleep, ...overrides }: Overrides = {}): Context {
    return {
      name: 'local',
      environment: 'local',
      profileId: 1001,
      profileIsExplicit: false,
      kiosks: [parseKioskId('WIS00001'), parseKioskId('WIS00002'), parseKioskId('WIS00003')],
      program: null,
      reason: null,
      invocation: { flags: ['--context', 'local'], kioskId: null },
      secrets: [],
      timing: {
        timeout: 600_000,
        firstPause: 40,
        interval: 400,
        longestPause: 400,
        settleWindow: 3_000,
        killedWindow: 3_000,
      },
      wise: this.client(),
      journal: this.journal,
      journalFile: new JournalFile(this.#journalOptions(overrides.environment ?? 'local')),
      journalServer: null,
      jobQueue: null,
      files,
      calendar: clock.calendar,
      stopwatch: onSleep ? clock.stopwatchWith(onSleep) : clock.stopwatch,
      uptime: clock.uptime,
      signal: this.abort.signal,
      cut: this.cut.signal,
      unanswered: new Set(),
      ask: this.#ask(),
      report: this.#report(),
      sandboxControl: () => new RemoteSandbox(async () => this.url),
      runbook: async () => NO_RUNBOOK,
      authorize: async () => ({ source: 'the world', endsAt: null }),
      clientKey: async () => 'world',
      webhooks: {
        openReceiver: async (options) => new Receiver(options),
        openForwarder: async (options) => new Forwarder(options),
        openAdminServer: async (options) => new AdminServer(options),
        openAgent: async () => null,
      },
      webhookKey: async () => ({ pem: SIGNER.publicKey, source: 'the key of the test' }),
      ...overrides,
    };
  }

  client(baseUrl = this.url): Client {
    return new Client({
      baseUrl: async () => baseUrl,
      apiVersion: 'legacy',
      token: async () => 'any',
      userAgent: 'test',
    });
  }

  /** Orders a card and advances the clock until it is ready. */
  async readyCard(): Promise<CardRequest & { cardToken: string }> {
    const result = await order(this.context(), {
      fields: {},
      file: null,
      like: null,
      replaces: null,
      idempotencyKey: null,
      wait: true,
    });
    const { profileId, orderId, cardToken } = result.card;
    if (cardToken === null) throw new Error(`no card: ${JSON.stringify(result.error)}`);
    return { profileId, orderId, cardToken };
  }

  /** Returns the matching requests that the sandbox received. */
  async requests(method: string, path: string): Promise<LoggedRequest[]> {
    const response = await fetch(`${this.url}/_sandbox/requests`);
    const { requests } = (await response.json()) as { requests: LoggedRequest[] };
    return requests.filter((request) => request.method === method && request.path.includes(path));
  }

  /** Counts the produce requests: sent, and accepted by a kiosk. */
  async puts(): Promise<{ sent: number; taken: number }> {
    const puts = await this.requests('PUT', '/production');
    return { sent: puts.length, taken: puts.filter(({ effect }) => effect).length };
  }

  fault(fault: Fault): void {
    this.sandbox.addFault(fault);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
    await this.sandbox.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #ask(): Ask {
    const answer = (question: string, flag: string) => {
      this.asked.push(question);
      const next = this.answers.shift();
      if (next === undefined) throw new Failure('input-required', question, { hint: flag });
      return next;
    };
    return {
      requireAnswers: () => undefined,
      confirm: async (question, { flag }) => answer(question, flag) === true,
      choose: async <Choice extends string>(question: string, { flag }: { flag: string }) =>
        String(answer(question, flag)) as Choice,
      type: async (question, { flag, check }) => {
        const text = String(answer(question, flag));
        check?.(text);
        return text;
      },
    };
  }

  #report(): Report {
    return {
      note: (text) => void this.said.push(text),
      hint: (_, text) => void this.said.push(text),
      warn: (text) => void this.said.push(text),
      progress: (progress) => {
        if (progress?.kind === 'wait') this.shown.push(progress);
        else if (progress?.news) this.said.push(progress.news);
      },
      block: (text) => void this.said.push(text),
      learn: async () => undefined,
    };
  }
}
