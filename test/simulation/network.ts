import { PACE } from '../../src/cli/settings/settings.ts';
import type { Reply } from '../../src/sandbox/api/answers.ts';
import { decodeAnswer, type HttpAnswer, type NoAnswer } from '../../src/wise/decode-answer.ts';
import { type NetworkKind, type Plan, QUEUE_MS } from './plan.ts';
import type { SimulatedProcess } from './process.ts';
import type { Random } from './random.ts';
import type { Sent } from './truth.ts';
import type { VendorRequest } from './vendor.ts';
import type { World } from './world.ts';

export type Outcome = HttpAnswer | NoAnswer;

/** Maximum time between recording an attempt and writing its request. Longer, and the process refuses to write. */
const WRITE_MS = 5_000;

/**
 * Maximum delays of the network. They are below the assumptions of kioskctl: a request that arrives within them shows
 * within the settle window, even if Wise queues it or shows it late. `delivery`: time until a written request arrives
 * or is lost, even if its sender was killed. `held`: the same after the sender closed the connection, if an
 * intermediary holds the request.
 */
function boundsOf({ lag, items }: Plan): { delivery: number; held: number } {
  const { settleWindow, killedWindow } = PACE.sandbox;
  const queue = items.some(({ kind }) => kind === 'refuse a card') ? QUEUE_MS : 0;
  const late = queue + lag + 1_000;
  return { delivery: killedWindow - WRITE_MS - late, held: settleWindow - late };
}

/** The fate of one request in the network. */
export interface Fate {
  /** Milliseconds to connect; null if connecting fails. */
  connect: number | null;
  /** Milliseconds until the request arrives or is dropped. */
  transit: number;
  isDropped: boolean;
  /** True if the request arrives twice. The second response is returned. */
  isRepeated: boolean;
  /** True if an intermediary delivers the request although its sender has closed the connection. */
  isHeld: boolean;
  /** Milliseconds after which the server closes an idle connection. */
  idle: number;
  /** Age of the production that a read returns, in milliseconds. */
  lag: number;
  /** The real response, none, a connection reset, or the status of a gateway. */
  answer: 'real' | 'none' | 'reset' | number;
  /** Milliseconds until the response arrives. */
  back: number;
}

const FAULTLESS: Fate = {
  connect: 10,
  transit: 20,
  isDropped: false,
  isRepeated: false,
  isHeld: false,
  idle: 60_000,
  lag: 0,
  answer: 'real',
  back: 20,
};

type Happening = 'fine' | 'late' | 'drop' | 'lose the answer' | 'reset' | 'gateway' | 'refuse' | 'repeat';
type Weights = Readonly<Record<Happening, number>>;

/** Probabilities of network events, for reads and for requests with an effect. */
// biome-ignore format: a table
const HAPPENINGS: Readonly<Record<NetworkKind, { read: Weights; write: Weights }>> = {
  calm: {
    read: { fine: 97, late: 2, drop: 1, 'lose the answer': 0, reset: 0, gateway: 0, refuse: 0, repeat: 0 },
    write: { fine: 90, late: 4, drop: 2, 'lose the answer': 2, reset: 2, gateway: 0, refuse: 0, repeat: 0 },
  },
  slow: {
    read: { fine: 75, late: 23, drop: 1, 'lose the answer': 1, reset: 0, gateway: 0, refuse: 0, repeat: 0 },
    write: { fine: 20, late: 60, drop: 5, 'lose the answer': 5, reset: 5, gateway: 5, refuse: 0, repeat: 0 },
  },
  lossy: {
    read: { fine: 76, late: 4, drop: 4, 'lose the answer': 4, reset: 4, gateway: 4, refuse: 4, repeat: 0 },
    write: { fine: 14, late: 6, drop: 12, 'lose the answer': 16, reset: 26, gateway: 14, refuse: 4, repeat: 8 },
  },
};

const READ_FAULTS = [500, 502, 503, 504, 429];
const PUT_FAULTS = [500, 502, 503, 504, 401, 403, 404, 429];

function drawFate(
  random: Random,
  { kind, isRead, plan }: { kind: NetworkKind; isRead: boolean; plan: Plan },
): Fate {
  const { delivery } = boundsOf(plan);
  const what = random.weighted(HAPPENINGS[kind][isRead ? 'read' : 'write']);
  const isLate = what === 'late' || (what !== 'fine' && random.chance(0.6));
  const fate: Fate = {
    connect:
      what === 'refuse' ? null : random.chance(0.03) ? random.magnitude(100, 9_000) : random.whole(1, 60),
    transit: isLate ? random.magnitude(500, random.chance(0.3) ? delivery : 30_000) : random.whole(5, 60),
    isDropped: what === 'drop',
    isRepeated: what === 'repeat',
    isHeld: random.chance(0.4),
    idle: random.magnitude(5_000, 300_000),
    lag: random.whole(0, plan.lag),
    answer: 'real',
    back: isLate ? random.magnitude(100, 25_000) : random.whole(5, 60),
  };
  if (what === 'lose the answer') return { ...fate, answer: random.chance(0.5) ? 'none' : 'reset' };
  // The connection is lost immediately, but the request may arrive.
  if (what === 'reset')
    return { ...fate, answer: 'reset', back: random.whole(1, 60), isDropped: random.chance(0.3) };
  if (what === 'gateway') {
    const answer = random.pick(isRead ? READ_FAULTS : PUT_FAULTS);
    // A rejected request is not forwarded; a gateway that timed out may have forwarded it.
    if (answer < 500) return { ...fate, answer, transit: 0, isDropped: true };
    return { ...fate, answer, isHeld: true, isDropped: random.chance(0.4) };
  }
  return what === 'drop' ? { ...fate, answer: random.chance(0.5) ? 'none' : 'reset' } : fate;
}

export interface Exchange {
  request: VendorRequest;
  fate: Fate;
  /** Timeout of the response, in milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
  /** Set for a request that changes a card. */
  sent?: Sent;
  /** Delivers the request now, unless it was delivered. */
  deliver?: () => Promise<void>;
}

/** Transports requests between processes and Wise: loses, delays, repeats and cuts them. */
export class Network {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  draw(process: SimulatedProcess, isRead = false): Fate {
    if (this.#world.isOver) return FAULTLESS;
    const kind = process.plan.network;
    return drawFate(process.random, { kind, isRead, plan: this.#world.plan });
  }

  /** Writes a request synchronously. */
  async exchange(process: SimulatedProcess, exchange: Exchange): Promise<Outcome> {
    const { request, fate, timeout, signal, sent } = exchange;
    const { timeline } = this.#world;
    const what = `${request.method} ${request.path.replace(/^.*\/(cards|card-orders)\/[^/]*/, '$1')}`;
    return new Promise((resolve) => {
      let isOver = false;
      const writtenAt = timeline.now;
      const end = (outcome: Outcome, delay = 0) =>
        process.wake(delay, () => {
          if (isOver) return;
          isOver = true;
          const shown =
            outcome.kind === 'answered' ? outcome.httpStatus : `${outcome.kind} (${outcome.reason})`;
          this.#world.trace(`${process.id} ${what}: ${shown}`);
          // After a freeze, the timeout may fire first.
          const isLate = timeline.now - writtenAt > timeout + 1_000 && process.random.chance(0.5);
          const seen: Outcome = isLate ? { kind: 'lost', reason: 'no answer in time' } : outcome;
          if (sent) sent.isAwaited = false;
          // Behind a gateway that timed out, the request may still be delivered.
          if (seen.kind !== 'answered' || fate.answer !== 'real') this.cut(exchange);
          resolve(seen);
        });
      process.arrive(what);
      this.#travel(exchange, end);
      process.wake(timeout, () => end({ kind: 'lost', reason: 'no answer in time' }));
      signal?.addEventListener('abort', () => end({ kind: 'aborted', reason: 'interrupted' }), {
        once: true,
      });
    });
  }

  #travel(exchange: Exchange, end: (outcome: Outcome, delay?: number) => void): void {
    const { request, fate, sent } = exchange;
    const { timeline } = this.#world;
    const { transit, answer, back } = fate;
    if (answer === 'reset') end({ kind: 'lost', reason: 'ECONNRESET' }, back);
    if (typeof answer === 'number') end(this.#gatewayAnswer(answer), back);
    exchange.deliver = async () => {
      if (isDelivered || sent?.state === 'gone') return;
      isDelivered = true;
      if (fate.isDropped) {
        if (sent) sent.state = 'gone';
        return;
      }
      let reply = await this.#world.arrive(request, { sent, lag: fate.lag });
      if (fate.isRepeated) reply = await this.#world.arrive(request, { sent, lag: fate.lag });
      if (answer === 'real') end(decode(reply), back);
    };
    let isDelivered = false;
    timeline.after(transit, exchange.deliver);
  }

  /** The sender closes its connection. Undelivered requests are lost, unless an intermediary delivers them. */
  cut({ sent, fate, deliver }: Exchange): void {
    if (sent?.state !== 'on its way') return;
    const { held } = boundsOf(this.#world.plan);
    if (!fate.isHeld) sent.state = 'gone';
    else if (deliver) this.#world.timeline.after(sent.process.random.whole(0, held), deliver);
  }

  #gatewayAnswer(httpStatus: number): HttpAnswer {
    return {
      kind: 'answered',
      httpStatus,
      body: null,
      date: this.#world.serverTime,
      traceId: null,
      retryAfter: httpStatus === 429 ? 2_000 : null,
    };
  }
}

function decode({ status, body, headers }: Reply): HttpAnswer {
  const values = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return decodeAnswer({
    statusCode: status,
    rawBody: Buffer.from(body),
    headers,
    headersDistinct: Object.fromEntries(values),
  });
}
