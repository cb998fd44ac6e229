import * as v from 'valibot';
import { isSuccess } from '../../src/wire/error-bodies.ts';
import { answerFailure, Client, type ReadOptions, type Sent, unreachable } from '../../src/wise/client.ts';
import { unreadable } from '../../src/wise/failures.ts';
import { UNLIMITED } from '../../src/wise/try.ts';
import {
  ConnectedRequest,
  type OpenOptions,
  SEND_TIMEOUT_MS,
  type VendorRequest,
} from '../../src/wise/vendor-request.ts';
import type { Exchange, Fate, Outcome } from './network.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

const READ_TIMEOUT_MS = 10_000;
const READ_RETRIES = 3;

/** Client of Wise for a simulated process: the real interface over a simulated network. */
export class SimulatedClient extends Client {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  #date: number | null = null;

  constructor(world: World, process: SimulatedProcess) {
    super({
      baseUrl: async () => '',
      apiVersion: 'legacy',
      token: async () => 'any',
      userAgent: 'simulation',
    });
    this.#world = world;
    this.#process = process;
  }

  override get serverTime(): number | null {
    return this.#date;
  }

  override async read<Schema extends v.GenericSchema>(
    { schema, ...request }: VendorRequest & { schema: Schema },
    options: ReadOptions = {},
  ): Promise<v.InferOutput<Schema>> {
    const { signal } = options;
    const missing = this.#world.mutation.skipsRead(this.#process, request);
    if (missing !== undefined) return missing;
    const sent = await this.#readRepeating(request, options);
    if (sent.kind === 'aborted') signal?.throwIfAborted();
    if (sent.kind !== 'answered') throw unreachable(sent);
    if (!isSuccess(sent.httpStatus)) throw answerFailure(sent);
    const parsed = v.safeParse(schema, sent.body);
    if (!parsed.success) throw unreadable(sent);
    this.#world.mutation.hasRead(this.#process, request, parsed.output);
    return parsed.output;
  }

  override async reserve(): Promise<undefined> {
    await this.#process.pause('permit', this.#process.random.whole(0, 2));
  }

  override async send(request: VendorRequest): Promise<Sent> {
    const correlationId = crypto.randomUUID();
    const fate = this.#world.network.draw(this.#process);
    await this.#process.pause('connect', fate.connect ?? 10);
    if (fate.connect === null) return { kind: 'not-connected', reason: 'ECONNREFUSED', correlationId };
    return { ...(await this.#write(request, { fate, correlationId })), correlationId };
  }

  override async open<Answer>(
    { decode, ...request }: VendorRequest & { decode: (sent: Sent) => Answer },
    { correlationId = crypto.randomUUID(), signal }: OpenOptions = {},
  ): Promise<ConnectedRequest<Answer>> {
    const fate = this.#world.network.draw(this.#process);
    await this.#process.pause('connect', fate.connect ?? 10);
    signal?.throwIfAborted();
    if (fate.connect === null)
      throw unreachable({ kind: 'not-connected', reason: 'ECONNREFUSED', correlationId });
    return new SimulatedRequest({
      world: this.#world,
      process: this.#process,
      correlationId,
      idle: fate.idle,
      write: async (body, onCut) =>
        decode({
          ...(await this.#write({ ...request, body }, { fate, correlationId, onCut })),
          correlationId,
        }),
      refuse: () => decode({ kind: 'not-connected', reason: 'ECONNRESET', correlationId }),
    });
  }

  async #readRepeating(request: VendorRequest, options: ReadOptions): Promise<Sent> {
    const { left = UNLIMITED, retry = true, signal } = options;
    const correlationId = crypto.randomUUID();
    for (let tries = 0; ; tries += 1) {
      const timeout = Math.min(READ_TIMEOUT_MS, left());
      if (timeout <= 0) return { kind: 'not-connected', reason: 'no time left', correlationId };
      const outcome = await this.#readOnce(request, { timeout, signal, correlationId });
      const pause = 250 * 2 ** tries;
      const isLast = !retry || tries >= READ_RETRIES || pause >= left();
      const isFinal = outcome.kind === 'aborted' || (outcome.kind === 'answered' && outcome.httpStatus < 429);
      if (isFinal || isLast) return { ...outcome, correlationId };
      await this.#process.pause('pause', pause);
    }
  }

  async #readOnce(
    { method = 'GET', path }: VendorRequest,
    {
      timeout,
      signal,
      correlationId,
    }: { timeout: number; signal: AbortSignal | undefined; correlationId: string },
  ): Promise<Outcome> {
    const fate = this.#world.network.draw(this.#process, true);
    if (fate.connect === null) {
      await this.#process.pause('connect', 10);
      return { kind: 'not-connected', reason: 'ECONNREFUSED' };
    }
    const request = { method, path, body: undefined, correlationId };
    const outcome = await this.#world.network.exchange(this.#process, { request, fate, timeout, signal });
    if (outcome.kind === 'answered' && outcome.date !== null) this.#date = outcome.date;
    return outcome;
  }

  async #write(
    { method = 'GET', path, body }: VendorRequest,
    { fate, correlationId, onCut }: { fate: Fate; correlationId: string; onCut?: OnCut },
  ): Promise<Outcome> {
    const request = { method, path, body, correlationId };
    const sent = this.#world.leave(this.#process, request);
    const timeout = SEND_TIMEOUT_MS;
    const exchange: Exchange = { request, fate, timeout, ...(sent && { sent }) };
    onCut?.(() => this.#world.network.cut(exchange));
    const outcome = await this.#world.network.exchange(this.#process, exchange);
    if (outcome.kind === 'answered' && outcome.date !== null) this.#date = outcome.date;
    return outcome;
  }
}

/** Receives a function that closes the connection of a request. */
type OnCut = (cut: () => void) => void;

interface Simulated<Answer> {
  world: World;
  process: SimulatedProcess;
  correlationId: string;
  /** Milliseconds after which the server closes the idle connection. */
  idle: number;
  write: (body: unknown, onCut: OnCut) => Promise<Answer>;
  refuse: () => Answer;
}

/** A connection on which nothing was sent yet. */
class SimulatedRequest<Answer> extends ConnectedRequest<Answer> {
  readonly #simulated: Simulated<Answer>;
  readonly #since: number;
  #isOver = false;
  #cut: () => void = () => undefined;

  constructor(simulated: Simulated<Answer>) {
    super({} as ConstructorParameters<typeof ConnectedRequest<Answer>>[0]);
    this.#simulated = simulated;
    this.#since = simulated.world.timeline.now;
    simulated.world.mutation.pin(simulated.process);
  }

  override get isConnected(): boolean {
    const { world, idle } = this.#simulated;
    return !this.#isOver && world.timeline.now - this.#since < idle;
  }

  override async go(body: unknown): Promise<Answer> {
    const { world, process, write, refuse } = this.#simulated;
    const { isConnected } = this;
    world.mutation.unpin(process);
    this.#isOver = true;
    if (!isConnected) return refuse();
    return write(body, (cut) => {
      this.#cut = cut;
    });
  }

  override close(): void {
    const { world, process } = this.#simulated;
    world.mutation.unpin(process);
    this.#isOver = true;
    this.#cut();
  }
}
