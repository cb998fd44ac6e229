// An API of Wise that answers what a test says.

import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { User } from '../harness/program.ts';

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
