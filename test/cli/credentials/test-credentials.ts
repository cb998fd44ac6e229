// Credentials of a context, against a real sandbox whose tokens end, on a clock that both share.
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Credentials, makeCredentials } from '../../../src/cli/credentials/credentials.ts';
import type { CredentialWorld } from '../../../src/cli/credentials/token-chain.ts';
import type { Settings } from '../../../src/cli/settings/settings.ts';
import { Stopwatch } from '../../../src/context/clocks.ts';
import { Client } from '../../../src/wise/client.ts';
import { makeFolder, makeIo, type TestIo } from '../../harness/command-line.ts';
import { TestSandbox } from '../../harness/sandbox.ts';

export const HOUR = 3_600_000;

export class TestCredentials {
  readonly folder = makeFolder();
  readonly io: TestIo;
  readonly abort = new AbortController();
  readonly said: string[] = [];
  readonly sandbox: TestSandbox;

  private constructor(sandbox: TestSandbox, io: TestIo) {
    this.sandbox = sandbox;
    this.io = io;
  }

  /** Opens a sandbox that knows only the tokens that it gave. */
  static async open(): Promise<TestCredentials> {
    const io = makeIo();
    const sandbox = await TestSandbox.open({ clock: io.clock });
    await sandbox.control('PUT token-policy', { policy: 'listed' });
    return new TestCredentials(sandbox, io);
  }

  get url(): string {
    return this.sandbox.url;
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
      paths: { credentials: this.file, settings: join(dirname(this.file), 'config.json') },
      ...more,
    } as Settings;
  }

  /** A command's credentials, and the client that uses them. */
  open(more: Partial<Settings> = {}, world: Partial<CredentialWorld> = {}): Command {
    const settings = this.settings(more);
    const credentials = makeCredentials(settings, {
      // A command waits in real time for the renewal of another one.
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

  /** Returns the number of tokens that were fetched. */
  async grants(): Promise<number> {
    const requests = await this.sandbox.requests();
    return requests.filter(({ path, status }) => path === '/oauth/token' && status === 200).length;
  }

  async declare(token: string, state: 'good' | 'expired' | 'refused'): Promise<void> {
    await this.sandbox.control(`PUT tokens/${token}`, { state });
  }
}

export interface Command {
  settings: Settings;
  credentials: Credentials;
  wise: Client;
}
