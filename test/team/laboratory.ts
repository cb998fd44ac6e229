// What the trials of one lane share: a server, a sandbox, the network of each machine, and a listener.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { OwnServer } from '../harness/own-server.ts';
import { freePort } from '../harness/ports.ts';
import { makeSchema } from '../harness/postgres.ts';
import { User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { newColleague } from '../harness/team.ts';
import { CuttingProxy } from '../postgres/cutting-proxy.ts';
import { Machine } from './machine.ts';

const PATIENCE_MS = 20_000;

interface Network {
  proxy: CuttingProxy;
  address: PostgresAddress;
}

export class Laboratory {
  readonly server: OwnServer;
  readonly sandbox: ServedSandbox;
  readonly networks: readonly Network[];
  readonly #journal: PostgresAddress;
  readonly #office: User;
  readonly #watcher: User;
  #port = 0;
  #listener: ChildProcess | null = null;

  private constructor(parts: {
    server: OwnServer;
    journal: PostgresAddress;
    office: User;
    sandbox: ServedSandbox;
    networks: readonly Network[];
  }) {
    this.server = parts.server;
    this.sandbox = parts.sandbox;
    this.networks = parts.networks;
    this.#journal = parts.journal;
    this.#office = parts.office;
    const [first] = parts.networks;
    if (!first) throw new TypeError('no network');
    this.#watcher = newColleague(
      { user: 'eva', host: 'listener' },
      { journal: first.address, sandbox: parts.sandbox },
    );
  }

  static async open(): Promise<Laboratory> {
    const server = await OwnServer.open();
    const journal = await makeSchema(server);
    const office = new User();
    const sandbox = await ServedSandbox.open(office);
    const networks = [await CuttingProxy.open(journal), await CuttingProxy.open(journal)];
    const laboratory = new Laboratory({ server, journal, office, sandbox, networks });
    onTestFinished(async () => laboratory.#close());
    laboratory.#port = await freePort();
    const key = join(laboratory.#watcher.home, 'key.pem');
    writeFileSync(key, await (await fetch(`${sandbox.url}/_sandbox/public-key`)).text());
    await laboratory.ensureListener();
    const url = `http://127.0.0.1:${laboratory.#port}/webhooks`;
    const { code, stderr } = await office.run(['webhooks', 'create', '--url', url]);
    if (code !== 0) throw new Error(stderr);
    return laboratory;
  }

  /** Returns the machine of a person. @param side its network */
  machine(
    side: number,
    { isContained = false, ...traits }: { isContained?: boolean; wrongBy?: number; boot?: string } = {},
  ): Machine {
    const network = this.networks[side];
    if (!network) throw new TypeError('no such network');
    const place = { journal: network.address, sandbox: this.sandbox };
    const name = side === 0 ? 'ada' : 'ben';
    const user = newColleague({ user: name, host: `laptop-${name}`, ...traits }, place);
    user.env.KIOSKCTL_SETTLE = '1s';
    return new Machine(user, { proxy: network.proxy, isContained });
  }

  /** Starts the listener if it is not running, always at the same address. */
  async ensureListener(): Promise<void> {
    if (this.#isListening) return;
    const { binary, home } = this.#watcher;
    const flags = [
      '--port',
      String(this.#port),
      '--public-key',
      join(home, 'key.pem'),
      '--catch-up-since',
      '0',
    ];
    const child = this.#watcher.start([binary, 'listen', '--json', ...flags]);
    this.#listener = child;
    child.stderr?.resume();
    if (!child.stdout) throw new TypeError('no pipe');
    await once(child.stdout, 'data');
    child.stdout.resume();
  }

  async killListener(): Promise<void> {
    if (!this.#listener || !this.#isListening) return;
    const end = once(this.#listener, 'close');
    this.#listener.kill('SIGKILL');
    await end;
  }

  get #isListening(): boolean {
    return this.#listener !== null && this.#listener.exitCode === null && this.#listener.signalCode === null;
  }

  /** Runs a statement, past the networks of the machines. */
  async query<Row>(sql: string, parameters: Record<string, string> = {}): Promise<Row[]> {
    const session = await PostgresSession.open(this.#journal, { patience: PATIENCE_MS });
    try {
      return (await session.run<Row>(sql, parameters)).rows;
    } finally {
      await session.end();
    }
  }

  /** Lets another system produce a card. */
  async produce(card: string, kioskId: string): Promise<void> {
    await this.#call('PUT', productionPath(card), { kioskId });
  }

  /** Returns the status of the production of a card. */
  async production(card: string): Promise<string> {
    return (await this.#call<{ status: string }>('GET', productionPath(card))).status;
  }

  async control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.#call(method, `/_sandbox/${path}`, body);
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.sandbox.url}${path}`, {
      method,
      headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return (text ? JSON.parse(text) : undefined) as Answer;
  }

  /**
   * Waits until the listener has received all events.
   * @returns ids of deliveries that it confirmed and that are not in the journal exactly once
   */
  async lostEvents(): Promise<string[]> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const { deliveries } = await this.control<{
        deliveries: { deliveryId: string; dueAt: string | null; status: number }[];
      }>('GET', 'deliveries');
      const open = deliveries.filter(({ dueAt }) => dueAt !== null);
      if (open.length > 0 && performance.now() < deadline) {
        // The pauses between the attempts of a delivery become longer.
        await this.control('POST', 'advance', { milliseconds: 600_000 });
        continue;
      }
      if (open.length > 0)
        return open.map(({ deliveryId, status }) => `${deliveryId} (never stored, ${status})`);
      const rows = await this.query<{ id: string }>('SELECT delivery_id AS id FROM events');
      const counts = new Map<string, number>();
      for (const { id } of rows) counts.set(id, (counts.get(id) ?? 0) + 1);
      const confirmed = deliveries.filter(({ status }) => status >= 200 && status < 300);
      return confirmed.map(({ deliveryId }) => deliveryId).filter((id) => counts.get(id) !== 1);
    }
  }

  async #close(): Promise<void> {
    await this.killListener();
    await this.sandbox.close();
    for (const user of [this.#office, this.#watcher]) user.leave();
  }
}

function productionPath(card: string): string {
  const [profile = '', token = ''] = card.split('/');
  return `/v3/spend/profiles/${profile}/cards/${token}/production`;
}
