// People with one journal in PostgreSQL, whose commands run in the process of the test.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { EventSigner } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess, ServedSandbox } from '../harness/served.ts';
import { newColleague } from './users.ts';

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
    return newColleague(address, { KIOSKCTL_BASE_URL: this.sandbox.url, ...env });
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
