import * as v from 'valibot';
import { failure } from '../domain/errors/failure.ts';
import type { Address } from '../http/server.ts';
import { type Fault, faultSchema } from '../wire/fault.ts';
import { RateLimits } from './api/rate-limits.ts';
import { SandboxServer, type TlsFiles } from './server.ts';
import { setRequirement } from './state/order-flow.ts';
import { State } from './state/state.ts';
import { deleteFaults, insertFault, listFaults } from './state/tables/faults.ts';
import {
  findProfile,
  KIOSK_COUNT,
  kioskIds,
  PROFILE_IDS,
  type Requirement,
} from './state/tables/profiles.ts';
import { publicKeyOf } from './state/tables/tokens.ts';
import { WebhookDispatcher } from './webhook-dispatcher.ts';

export interface SandboxOptions {
  /** Path of the state file, created if missing. Several sandboxes can share it. */
  stateFile: string;
  /** The factor by which delays are shorter: at 10, a delay of 10 s takes 1 s. */
  speed: number;
  /** The number of kiosks (default 3): WIS00001, WIS00002 … */
  kiosks?: number | undefined;
  /** Seed for reproducible ids and digits. Used only when the state is created or reset. */
  seed?: number | undefined;
  /** Enforces the rate limits of Wise with 429: 100 requests per second and 1,000 per minute of virtual time. */
  rateLimits?: boolean | undefined;
  /** Requires the URL of a new subscription to accept a test notification, as Wise does. */
  callbackCheck?: boolean | undefined;
  /** Certificate and key. If set, the sandbox serves HTTPS. */
  tls?: TlsFiles | undefined;
  /** Real clock, in milliseconds since the epoch. */
  now?: () => number;
}

/** A bearer token for clients. The sandbox accepts any token. */
const TOKEN = 'sandbox-token';

/**
 * The embedded sandbox: the kiosk endpoints of the Wise API, with a state file, a virtual clock and configurable
 * faults.
 */
export class Sandbox {
  protected readonly state: State;
  readonly token: string = TOKEN;
  readonly profiles: readonly number[] = PROFILE_IDS;
  /** Kiosk ids: `WIS00001`, `WIS00002` … */
  readonly kiosks: readonly string[];
  readonly #server: SandboxServer;
  readonly #dispatcher: WebhookDispatcher;

  /** @throws Failure `storage-unusable` (state file), `usage` (speed), `invalid-input` (certificate) */
  constructor(options: SandboxOptions) {
    const { stateFile, speed, seed, tls = null, rateLimits = false, kiosks = KIOSK_COUNT, now } = options;
    const { callbackCheck: isCallbackChecked = false } = options;
    if (!(speed > 0 && speed < Number.POSITIVE_INFINITY))
      throw failure(
        'usage',
        `The sandbox cannot run at speed ${speed}.`,
        'The speed is a number above 0; at 10 its due times are ten times shorter.',
      );
    this.state = new State({ file: stateFile, speed, kiosks, seed, now: now ?? Date.now });
    this.kiosks = kioskIds(kiosks);
    // A monotonic clock with fractions: at a high speed, parts of a millisecond matter.
    const limits = rateLimits ? new RateLimits({ speed, now: now ?? (() => performance.now()) }) : null;
    this.#server = new SandboxServer(this.state, { tls, limits, isCallbackChecked });
    this.#dispatcher = new WebhookDispatcher(this.state);
  }

  /**
   * Starts the server and the webhook dispatcher.
   * @returns the base URL
   * @throws Failure `usage` if the address is not available
   */
  async listen(options: Address): Promise<string> {
    const url = await this.#server.listen(options);
    this.#dispatcher.start();
    return url;
  }

  /** Returns the public key that verifies the webhooks, in PEM. A reset does not change it. */
  publicKey(): string {
    return publicKeyOf(this.state.db);
  }

  /** Aborts open connections and deliveries, and closes the state file. */
  async close(): Promise<void> {
    await Promise.all([this.#server.close(), this.#dispatcher.stop()]);
    this.state.close();
  }

  /** Resets the state for all processes that share it, and sets the virtual clock to the real time. */
  reset(options: { seed?: number | undefined } = {}): void {
    this.state.reset(options.seed);
  }

  /** Advances the virtual clock for all processes that share the state. @returns the new virtual time */
  advance(milliseconds: number): Date {
    return new Date(this.state.advance(milliseconds));
  }

  /** Sets a requirement of a profile and of its orders in PLACED. @throws Failure `not-found` */
  setRequirement(profileId: number, requirement: Requirement): void {
    this.state.change((moment) => {
      if (!findProfile(moment.db, profileId))
        throw failure(
          'not-found',
          `The sandbox has no profile ${profileId}.`,
          `Its profiles are ${PROFILE_IDS.join(', ')}.`,
        );
      setRequirement(moment, profileId, requirement);
    });
  }

  addFault(fault: Fault): void {
    const checked = v.parse(faultSchema, fault);
    this.state.change(({ db }) => insertFault(db, checked));
  }

  /** Lists the active faults, oldest first, with their remaining uses. */
  listFaults(): Fault[] {
    return listFaults(this.state.db);
  }

  clearFaults(): void {
    this.state.change(({ db }) => deleteFaults(db));
  }
}
