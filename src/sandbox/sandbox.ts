import * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import { type Fault, faultSchema } from '../wire/fault.ts';
import { RateLimits } from './api/rate-limits.ts';
import { SandboxServer, type TlsFiles } from './server.ts';
import { State } from './state/state.ts';
import { deleteFaults, insertFault, listFaults } from './state/tables/faults.ts';
import { KIOSK_COUNT } from './state/tables/profiles.ts';
import { publicKeyOf } from './state/tables/tokens.ts';
import { Courier } from './webhook-dispatcher.ts';

export interface SandboxOptions {
  /** Made if it isn't there; several sandboxes may share it. */
  stateFile: string;
  /** How many times shorter the due times are. */
  speed: number;
  /** How many kiosks there are (default 3): WIS00001, WIS00002 … */
  kiosks?: number | undefined;
  /** For the same ids and digits again; used only when the state is made or reset. */
  seed?: number | undefined;
  /** Whether it answers 429 to more requests than the vendor allows: 100 a second, 1,000 a minute, both of its own. */
  rateLimits?: boolean | undefined;
  /** With what it serves https; without, it serves http. */
  tls?: TlsFiles | undefined;
  /** The real clock, in milliseconds since the epoch. */
  now?: () => number;
}

/** The embedded sandbox: the vendor's kiosk API over a state file, with a virtual clock and faults on demand. */
export class Sandbox {
  readonly #state: State;
  readonly #server: SandboxServer;
  readonly #courier: Courier;

  /** @throws Failure `storage-unusable` when the state can't be opened or made, `usage` for an impossible speed, `invalid-input` for an unusable certificate */
  constructor(options: SandboxOptions) {
    const { stateFile, speed, seed, tls = null, rateLimits = false, kiosks = KIOSK_COUNT, now } = options;
    if (!(speed > 0 && speed < Number.POSITIVE_INFINITY)) throw impossibleSpeed(speed);
    this.#state = new State({ file: stateFile, speed, kiosks, seed, now: now ?? Date.now });
    // Nobody sets this clock back, and it is finer: at a high speed, milliseconds count.
    const limits = rateLimits ? new RateLimits({ speed, now: now ?? (() => performance.now()) }) : null;
    this.#server = new SandboxServer(this.#state, { tls, limits });
    this.#courier = new Courier(this.#state);
  }

  /**
   * Starts serving, and delivering events to those who are subscribed to them.
   * @param options the host as it is to be bound, and the port, of which 0 picks a free one
   * @returns the URL
   * @throws Failure `usage` when that address can't be listened on
   */
  async listen(options: { host: string; port: number }): Promise<string> {
    const url = await this.#server.listen(options);
    this.#courier.start();
    return url;
  }

  /** The key with which its webhooks verify, in PEM. It stays the same for a state file, also after a reset. */
  publicKey(): string {
    return publicKeyOf(this.#state.db);
  }

  /** Cuts open connections and deliveries, and closes the state. */
  async close(): Promise<void> {
    await Promise.all([this.#server.close(), this.#courier.stop()]);
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

  clearFaults(): void {
    this.#state.change(({ db }) => deleteFaults(db));
  }
}

function impossibleSpeed(speed: number): Failure {
  return new Failure('usage', `The sandbox can not run at speed ${speed}.`, {
    hint: 'The speed is a number above 0; at 10 its due times are ten times shorter.',
  });
}
