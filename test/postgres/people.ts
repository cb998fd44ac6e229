// People with one journal in PostgreSQL, whose commands run in the process of the test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { EventSigner } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess, ServedSandbox } from '../harness/served.ts';

/** Returns the variables by which commands use a journal. */
export function variablesOf(address: PostgresAddress): Record<string, string> {
  const { user, port, database, schema } = address;
  return {
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: 'T0KEN-0123456789abcdef',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_JOURNAL: `postgres://${user}@127.0.0.1:${port}/${database}?schema=${schema}`,
    KIOSKCTL_JOURNAL_PASSWORD: address.password(),
  };
}

export class Team {
  readonly sandbox: ServedSandbox;
  readonly #signer = new EventSigner();

  private constructor(sandbox: ServedSandbox) {
    this.sandbox = sandbox;
  }

  static async open(): Promise<Team> {
    const owner = new User();
    const sandbox = await ServedSandbox.open(owner);
    onTestFinished(async () => {
      await sandbox.close();
      owner.leave();
    });
    return new Team(sandbox);
  }

  get signer(): EventSigner {
    return this.#signer;
  }

  /** A person who uses the journal by this address. */
  person(address: PostgresAddress, env: Record<string, string> = {}): User {
    const user = new User({ ...variablesOf(address), KIOSKCTL_BASE_URL: this.sandbox.url, ...env });
    onTestFinished(() => user.leave());
    return user;
  }

  /** Starts a listener, which trusts the events of the signer. */
  async listen(user: User): Promise<ListenerProcess> {
    const key = join(user.home, 'key.pem');
    writeFileSync(key, this.#signer.publicKey);
    const listener = await ListenerProcess.start(user.env, '--public-key', key);
    onTestFinished(() => void listener.child.kill('SIGKILL'));
    return listener;
  }
}
