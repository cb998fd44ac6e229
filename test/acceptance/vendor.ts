// Two vendors for commands to talk to: the embedded sandbox, served by the binary, and one that answers what a test says.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { User } from '../harness/program.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

interface LoggedRequest {
  method: string;
  path: string;
  status: number;
  effect: boolean;
}

/** `kioskctl sandbox`, and the short ways to its state: an order over HTTP takes no process of its own. */
export class ServedSandbox {
  readonly #process: ChildProcess;
  readonly url: string;

  private constructor(process: ChildProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  static async open(user: User, flags: readonly string[] = []): Promise<ServedSandbox> {
    const words = ['sandbox', '--port', '0', '--json', ...flags];
    const served = spawn(process.execPath, [BINARY, ...words], { env: user.env });
    const [line] = await once(served.stdout, 'data');
    return new ServedSandbox(served, (JSON.parse(String(line)) as { url: string }).url);
  }

  /** What reached the vendor's API, as far as it has this in its path. */
  async requests(path: string): Promise<LoggedRequest[]> {
    const { requests } = await this.#call<{ requests: LoggedRequest[] }>('GET', '/_sandbox/requests');
    return requests.filter((request) => request.path.includes(path));
  }

  /** The produce requests for a card that arrived. @param card PROFILE/TOKEN */
  async puts(card: string): Promise<LoggedRequest[]> {
    const requests = await this.requests(`${card.split('/')[1]}/production`);
    return requests.filter(({ method }) => method === 'PUT');
  }

  /** Orders a card, as somebody else would. */
  async order(profileId = 1001): Promise<number> {
    const { id } = await this.#call<{ id: number }>('POST', `/v3/spend/profiles/${profileId}/card-orders`, {
      program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
      cardHolderName: 'Sam Sample',
      address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
      deliveryOption: 'KIOSK_COLLECTION',
    });
    return id;
  }

  /** A card that may be produced, ordered by somebody else. */
  async readyCard(): Promise<{ card: string; orderId: number }> {
    const orderId = await this.order();
    const order = `/v3/spend/profiles/1001/card-orders/${orderId}`;
    for (;;) {
      const { cardToken } = await this.#call<{ cardToken: string | null }>('GET', order);
      const { status } = await this.#call<{ status?: string }>(
        'GET',
        `/v3/spend/profiles/1001/cards/${cardToken}/production`,
      );
      if (status === 'READY') return { card: `1001/${cardToken}`, orderId };
    }
  }

  async close(): Promise<void> {
    this.#process.kill('SIGTERM');
    await once(this.#process, 'exit');
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        // Control requests are made without a token.
        ...(path.startsWith('/v') && {
          authorization: 'Bearer any',
          'x-idempotence-uuid': crypto.randomUUID(),
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return (text ? JSON.parse(text) : undefined) as Answer;
  }
}

/** The card of an `OwnVendor`, which is ready to be produced unless a test says otherwise. */
export const TOKEN = '3b7a11c2-5d0e-4f6a-8c9b-0123456789ab';
export const CARD = `1001/${TOKEN}`;
export const ORDER = {
  id: 501,
  profileId: 1001,
  status: 'CARD_DETAILS_CREATED',
  cardToken: TOKEN,
  creationTime: new Date().toISOString(),
  cardProgram: { name: 'PHYSICAL_PROGRAM', cardType: 'PHYSICAL' },
  deliveryDetails: { deliveryOption: 'KIOSK_COLLECTION' },
  cardHolderName: 'Sam Sample',
  address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};
export const READY = {
  status: 'READY',
  kioskId: null,
  occurredAt: '2026-01-05T10:00:00.000Z',
  errorCode: null,
  description: null,
};
export const IN_PROGRESS = {
  ...READY,
  status: 'IN_PROGRESS',
  kioskId: 'WIS00001',
  occurredAt: '2026-01-05T11:00:00.000Z',
};
export const HEALTHY_CARD = {
  token: TOKEN,
  profileId: 1001,
  status: { value: 'INACTIVE' },
  creationTime: ORDER.creationTime,
};

const ENDPOINTS = {
  programs: ['GET', /\/card-orders\/availability$/],
  address: ['POST', /\/address\/validate$/],
  order: ['POST', /\/card-orders$/],
  orders: ['GET', /\/card-orders$/],
  'one order': ['GET', /\/card-orders\/\d+$/],
  requirements: ['GET', /\/requirements$/],
  cancel: ['PUT', /\/card-orders\/\d+\/status$/],
  cards: ['GET', /\/cards$/],
  'one card': ['GET', /\/cards\/[^/]+$/],
  production: ['GET', /\/production$/],
  produce: ['PUT', /\/production$/],
  simulate: ['POST', /\/production$/],
  verify: ['POST', /\/verifications$/],
} as const satisfies Record<string, readonly [string, RegExp]>;

export type Endpoint = keyof typeof ENDPOINTS;
export type Answerer = (response: http.ServerResponse, request: http.IncomingMessage) => unknown;

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: http.OutgoingHttpHeaders = {}): Answerer {
  return raw(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers });
}

/** Answers with just these bytes. */
export function raw(body: string | Buffer, status = 200, headers: http.OutgoingHttpHeaders = {}): Answerer {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Gives one answer after the other; the last one stays. */
export function inTurn(...answers: [Answerer, ...Answerer[]]): Answerer {
  return (response, request) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    return answer?.(response, request);
  };
}

const HEALTHY: Record<Endpoint, Answerer> = {
  programs: json({ cardPrograms: [{ name: 'PHYSICAL_PROGRAM', cardType: 'PHYSICAL' }] }),
  address: json({ errors: [] }),
  order: json(ORDER),
  orders: json({ totalCount: 1, cardOrders: [ORDER] }),
  'one order': json(ORDER),
  requirements: json({ requirements: [{ type: 'VERIFICATION', status: 'COMPLETED' }] }),
  cancel: raw('', 202),
  cards: json({ totalCount: 1, cards: [HEALTHY_CARD] }),
  'one card': json(HEALTHY_CARD),
  production: json(READY),
  produce: json(IN_PROGRESS),
  simulate: raw(''),
  verify: raw(''),
};

export interface Received {
  endpoint: Endpoint | null;
  line: string;
  headers: http.IncomingHttpHeaders;
  at: number;
}

/** A vendor with one card, which answers well unless a test tells it otherwise, and remembers what it was asked. */
export class OwnVendor {
  readonly #server: http.Server;
  readonly #answers: Record<Endpoint, Answerer>;
  readonly received: Received[] = [];
  readonly #waiting: { endpoint: Endpoint; resolve: () => void }[] = [];
  url = '';

  private constructor(answers: Partial<Record<Endpoint, Answerer>>) {
    this.#answers = { ...HEALTHY, ...answers };
    this.#server = http.createServer((request, response) => this.#answer(request, response));
  }

  static async open(answers: Partial<Record<Endpoint, Answerer>> = {}): Promise<OwnVendor> {
    const vendor = new OwnVendor(answers);
    vendor.#server.listen(0, '127.0.0.1');
    await once(vendor.#server, 'listening');
    vendor.url = `http://127.0.0.1:${(vendor.#server.address() as AddressInfo).port}`;
    return vendor;
  }

  set(answers: Partial<Record<Endpoint, Answerer>>): void {
    Object.assign(this.#answers, answers);
  }

  /** Keeps an endpoint from answering. @returns what lets the answers go */
  hold(endpoint: Endpoint): () => void {
    const answer = this.#answers[endpoint];
    const held: (() => unknown)[] = [];
    this.#answers[endpoint] = (response, request) => held.push(() => answer(response, request));
    return () => {
      for (const letGo of held) letGo();
    };
  }

  /** The requests that could have changed something. */
  get acts(): Received[] {
    return this.received.filter(({ line, endpoint }) => !line.startsWith('GET ') && endpoint !== 'address');
  }

  count(endpoint: Endpoint): number {
    return this.received.filter((request) => request.endpoint === endpoint).length;
  }

  /** Resolves when an endpoint is asked for the next time. */
  async asked(endpoint: Endpoint): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push({ endpoint, resolve }));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #answer(request: http.IncomingMessage, response: http.ServerResponse): void {
    const [path = ''] = (request.url ?? '').split('?', 1);
    const endpoint =
      (Object.keys(ENDPOINTS) as Endpoint[]).find((name) => {
        const [method, pattern] = ENDPOINTS[name];
        return method === request.method && pattern.test(path);
      }) ?? null;
    const line = `${request.method} ${request.url}`;
    this.received.push({ endpoint, line, headers: request.headers, at: Date.now() });
    response.on('error', () => undefined);
    request.resume();
    request.on('end', () => {
      for (const one of this.#waiting) if (one.endpoint === endpoint) one.resolve();
      if (endpoint) void this.#answers[endpoint](response, request);
      else response.writeHead(404).end();
    });
  }
}

/** Runs a test with a user and a vendor of its own: what other tests do at the same time can't be seen in it. */
export async function apart<Result>(
  answers: Partial<Record<Endpoint, Answerer>>,
  work: (given: { user: User; vendor: OwnVendor }) => Promise<Result>,
): Promise<Result> {
  const vendor = await OwnVendor.open(answers);
  const user = new User();
  try {
    return await work({ user, vendor });
  } finally {
    vendor.close();
    user.leave();
  }
}
