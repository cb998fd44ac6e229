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
  /** Created if it is missing; several sandboxes may share it. */
  stateFile: string;
  /** The factor by which delays are shorter. */
  speed: number;
  /** The number of kiosks (default 3): WIS00001, WIS00002 … */
  kiosks?: number | undefined;
  /** Makes ids and digits reproducible; used only when the state is created or reset. */
  seed?: number | undefined;
  /** True to answer 429 above the rate limits of Wise: 100 requests a second and 1,000 a minute of the sandbox's time. */
  rateLimits?: boolean | undefined;
  /** True to send a test notification to the URL of a new subscription first, as Wise does. */
  callbackCheck?: boolean | undefined;
  /** Serves https instead of http. */
  tls?: TlsFiles | undefined;
  /** The real clock, in milliseconds since the epoch. */
  now?: () => number;
}

/** A token for clients: the sandbox accepts any. */
const TOKEN = 'sandbox-token';

/** The embedded sandbox: the kiosk API of Wise over a state file, with a virtual clock and faults on demand. */
export class Sandbox {
  protected readonly state: State;
  readonly token: string = TOKEN;
  readonly profiles: readonly number[] = PROFILE_IDS;
  /** Ids of the kiosks. */
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
        `The sandbox can not run at speed ${speed}.`,
        'The speed is a number above 0; at 10 its due times are ten times shorter.',
      );
    this.state = new State({ file: stateFile, speed, kiosks, seed, now: now ?? Date.now });
    this.kiosks = kioskIds(kiosks);
    // A monotonic clock with fractions: at a high speed, milliseconds count.
    const limits = rateLimits ? new RateLimits({ speed, now: now ?? (() => performance.now()) }) : null;
    this.#server = new SandboxServer(this.state, { tls, limits, isCallbackChecked });
    this.#dispatcher = new WebhookDispatcher(this.state);
  }

  /**
   * Starts to serve, and to deliver events to subscriptions.
   * @returns the URL
   * @throws Failure `usage` when the address can't be listened on
   */
  async listen(options: Address): Promise<string> {
    const url = await this.#server.listen(options);
    this.#dispatcher.start();
    return url;
  }

  /** Returns the key that verifies its webhooks, in PEM. A state file keeps its key, also after a reset. */
  publicKey(): string {
    return publicKeyOf(this.state.db);
  }

  /** Cuts open connections and deliveries, and closes the state. */
  async close(): Promise<void> {
    await Promise.all([this.#server.close(), this.#dispatcher.stop()]);
    this.state.close();
  }

  /** Resets the state for all processes that share it. The virtual clock is the real one again. */
  reset(options: { seed?: number | undefined } = {}): void {
    this.state.reset(options.seed);
  }

  /** Advances the virtual clock for all processes that share the state. @returns the new virtual time */
  advance(milliseconds: number): Date {
    return new Date(this.state.advance(milliseconds));
  }

  /** Sets a requirement of a profile and of its placed orders. @throws Failure `not-found` */
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

  /** Lists the remaining faults, oldest first, with their remaining times. */
  listFaults(): Fault[] {
    return listFaults(this.state.db);
  }

  clearFaults(): void {
    this.state.change(({ db }) => deleteFaults(db));
  }
}
