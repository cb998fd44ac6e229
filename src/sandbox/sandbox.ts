import { generateKeyPairSync } from 'node:crypto';
import * as v from 'valibot';
import { Failure } from '../domain/failure.ts';
import { type Fault, faultSchema } from './faults/faults.ts';
import { State } from './machine/state.ts';
import { deleteFaults, insertFault, listFaults } from './rows/fault-rows.ts';
import { SandboxServer } from './server.ts';

export interface SandboxOptions {
  /** Made if it isn't there; several sandboxes may share it. */
  stateFile: string;
  /** How many times shorter the due times are. */
  speed: number;
  /** For the same ids and digits again; used only when the state is made or reset. */
  seed?: number | undefined;
  /** The real clock, in milliseconds since the epoch. */
  now?: () => number;
}

/** The embedded sandbox: the vendor's kiosk API over a state file, with a virtual clock and faults on demand. */
export class Sandbox {
  readonly #state: State;
  readonly #server: SandboxServer;

  /** @throws Failure `storage-unusable` when the state can't be opened or made, `usage` for an impossible speed */
  constructor({ stateFile, speed, seed, now = Date.now }: SandboxOptions) {
    if (!(speed > 0 && speed < Number.POSITIVE_INFINITY)) throw impossibleSpeed(speed);
    this.#state = new State({ file: stateFile, speed, seed, now });
    this.#server = new SandboxServer(this.#state);
  }

  /**
   * Starts serving.
   * @param options the host as it is to be bound, and the port, of which 0 picks a free one
   * @returns the URL
   * @throws Failure `usage` when that address can't be listened on
   */
  listen(options: { host: string; port: number }): Promise<string> {
    return this.#server.listen(options);
  }

  /** Cuts open connections, and closes the state. */
  async close(): Promise<void> {
    await this.#server.close();
    this.#state.close();
  }

  /** Back to the seeded state, for every process that shares it; the virtual clock is the real one again. */
  reset(options: { seed?: number | undefined } = {}): void {
    this.#state.reset(options.seed);
  }

  /** Moves the virtual clock, for every process that shares the state. @returns the virtual time after it */
  advance(milliseconds: number): Date {
    return new Date(this.#state.advance(milliseconds));
  }

  /** Sets something to go wrong. */
  addFault(fault: Fault): void {
    const checked = v.parse(faultSchema, fault);
    this.#state.change(({ db }) => insertFault(db, checked));
  }

  /** The faults that were not used up, oldest first, with the times that are left. */
  listFaults(): Fault[] {
    return listFaults(this.#state.db);
  }

  /** The key with which the sandbox signs webhooks, in PEM. */
  publicKey(): string {
    // Stands in until the sandbox delivers webhooks.
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return publicKey.export({ type: 'spki', format: 'pem' }).toString();
  }

  clearFaults(): void {
    this.#state.change(({ db }) => deleteFaults(db));
  }
}

function impossibleSpeed(speed: number): Failure {
  return new Failure('usage', `The sandbox can not run at speed ${speed}.`, {
    hint: 'The speed is a number above 0; at 10 its due times are ten times shorter.',
  });
}
