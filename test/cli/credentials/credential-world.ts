// Credentials of a context, against a real sandbox whose tokens end, on a clock that both share.
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { type Credentials, makeCredentials } from '../../../src/cli/credentials/credentials.ts';
import type { CredentialWorld } from '../../../src/cli/credentials/token-chain.ts';
import type { Settings } from '../../../src/cli/settings/settings.ts';
import { Stopwatch } from '../../../src/context/clocks.ts';
import { Sandbox } from '../../../src/sandbox/sandbox.ts';
import { Client } from '../../../src/wise/client.ts';
import { makeFolder, makeIo, type TestIo } from '../../harness/command-line.ts';

export const HOUR = 3_600_000;

export class Stand {
  readonly folder = makeFolder();
  readonly io: TestIo = makeIo();
  readonly abort = new AbortController();
  readonly said: string[] = [];
  readonly sandbox = new Sandbox({
    stateFile: join(this.folder, 'sandbox.db'),
    speed: 1,
    seed: 7,
    now: () => this.io.clock.now(),
  });
  url = '';

  /** A sandbox that knows only the tokens that it gave. */
  static async open(): Promise<Stand> {
    const stand = new Stand();
    onTestFinished(() => stand.sandbox.close());
    stand.url = await stand.sandbox.listen({ host: '127.0.0.1', port: 0 });
    await stand.control('PUT', 'token-policy', { policy: 'listed' });
    return stand;
  }

  get file(): string {
    return join(this.folder, 'credentials.json');
  }

  settings(more: Partial<Settings> = {}): Settings {
    return {
      contextName: 'bank',
      environment: 'sandbox',
      baseUrl: this.url,
      profileId: 1001,
      credentialCommand: null,
      paths: { credentials: this.file },
      ...more,
    } as Settings;
  }

  /** A command's credentials, and the client that uses them. */
  open(more: Partial<Settings> = {}, world: Partial<CredentialWorld> = {}): Command {
    const settings = this.settings(more);
    const credentials = makeCredentials(settings, {
      // Who waits for another's renewal waits for real.
      stopwatch: new Stopwatch(
        () => performance.now(),
        async (milliseconds) => delay(milliseconds),
      ),
      calendar: this.io.calendar,
      signal: this.abort.signal,
      say: (line) => void this.said.push(line),
      client: () => wise,
      given: {},
      readStdin: () => Promise.reject(new Error('nothing is read')),
      ...world,
    });
    const source = async (owner: number | 'application') => credentials.sourceFor(owner);
    const wise = new Client({
      baseUrl: async () => this.url,
      apiVersion: 'legacy',
      token: async (owner, options) => (await source(owner)).token.get(options),
      replaceToken: async (owner, refused) => (await source(owner)).token.replace(refused),
      tokenSource: async (owner) => (await source(owner)).name,
      userAgent: 'test',
    });
    return { settings, credentials, wise };
  }

  /** How often a token was fetched. */
  async grants(): Promise<number> {
    const response = await fetch(`${this.url}/_sandbox/requests`);
    const { requests } = (await response.json()) as { requests: { path: string; status: number }[] };
    return requests.filter(({ path, status }) => path === '/oauth/token' && status === 200).length;
  }

  async declare(token: string, state: 'good' | 'expired' | 'refused'): Promise<void> {
    await this.control('PUT', `tokens/${token}`, { state });
  }

  async control(method: string, path: string, body: unknown): Promise<void> {
    await fetch(`${this.url}/_sandbox/${path}`, { method, body: JSON.stringify(body) });
  }
}

export interface Command {
  settings: Settings;
  credentials: Credentials;
  wise: Client;
}
