// Servers with answers of a test that record their requests: of an API, and of a receiver of webhooks.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { Client, type ClientOptions } from '../../src/wise/client.ts';
import { atTheEnd } from './suite/at-the-end.ts';

/** In every header and body that is sent, and nowhere else. */
export const SECRET = 'tok-4711-never-to-be-seen';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds since the server started. */
  at: number;
}

/** Answers the n-th request, from 0. */
export type Answer = (response: ServerResponse, turn: number, asked: Asked) => void;

export class Vendor {
  readonly asked: Asked[] = [];
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  static async open(answer: Answer): Promise<Vendor> {
    const started = performance.now();
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url: path = '', headers } = request;
      const asked = { method, path, headers, body: await readText(request), at: performance.now() - started };
      answer(response, vendor.asked.push(asked) - 1, asked);
    };
    const server = createServer((request, response) => void take(request, response));
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    atTheEnd(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const vendor = new Vendor(`http://127.0.0.1:${port}`);
    return vendor;
  }

  client(options: Partial<ClientOptions> = {}): Client {
    return makeClient(this.url, options);
  }
}

export function makeClient(url: string, options: Partial<ClientOptions> = {}): Client {
  return new Client({
    baseUrl: async () => url,
    apiVersion: 'legacy',
    token: async () => SECRET,
    userAgent: 'kioskctl/test',
    ...options,
  });
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

export function raw(status: number, body: string | Buffer, headers: Record<string, string> = {}): Answer {
  return (response) => void response.writeHead(status, headers).end(body);
}

/** Resets the connection instead of an answer. */
export const reset: Answer = (response) => void response.socket?.resetAndDestroy();

/** Promises more than it sends. */
export const cut: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"status":"IN_PROGRESS","kioskId":"WIS00001"', () => void response.socket?.destroy());
};

/** Never answers. */
export const silence: Answer = () => undefined;

/** Different answers, one after the other; the last one stays. */
export function inTurn(...answers: Answer[]): Answer {
  return (response, turn, asked) => answers[Math.min(turn, answers.length - 1)]?.(response, turn, asked);
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

export interface Delivered {
  path: string;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies of any shape
  readonly body: any;
}

/** The status that answers a delivery, with headers or not, a reset connection, or no answer at all. */
export type ReceiverAnswer = number | 'reset' | 'never' | { status: number; headers: Record<string, string> };

type AnswerDelivery = (delivered: Delivered, turn: number) => ReceiverAnswer | Promise<ReceiverAnswer>;

/** A receiver of webhooks. Its answers redirect and are long, which a sender ignores. */
export class Receiver {
  readonly arrived: Delivered[] = [];
  readonly #server: Server;
  readonly #answer: AnswerDelivery;
  readonly #waiting = new Set<() => void>();
  url = '';

  private constructor(answer: AnswerDelivery) {
    this.#answer = answer;
    this.#server = createServer((request, response) => void this.#receive(request, response));
  }

  /** Starts one that ends with the test. @param answer the answer to the n-th delivery, from 0 */
  static async open(answer?: AnswerDelivery): Promise<Receiver> {
    const receiver = await Receiver.start(answer);
    onTestFinished(() => receiver.close());
    return receiver;
  }

  /** Starts one that the test closes, which concurrent tests have to. */
  static async start(answer: AnswerDelivery = () => 200): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((resolve) => void receiver.#server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${(receiver.#server.address() as AddressInfo).port}/hooks`;
    return receiver;
  }

  /** Resolves once this number of deliveries has arrived. */
  async got(count: number): Promise<Delivered[]> {
    while (this.arrived.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.arrived;
  }

  /** The same without repetitions: a process that ends cuts its deliveries, of which some have arrived by then. */
  async gotDistinct(count: number): Promise<Delivered[]> {
    for (let wanted = count; ; wanted += 1) {
      await this.got(wanted);
      const distinct = new Map(this.arrived.map((one) => [one.headers['x-delivery-id'], one]));
      if (distinct.size >= count) return [...distinct.values()];
    }
  }

  statuses(arrived: readonly Delivered[] = this.arrived): string[] {
    return arrived.map(({ body: { data } }) => data.order_status ?? data.status);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = Buffer.from(await new Response(request).arrayBuffer());
    const delivered: Delivered = {
      path: request.url ?? '',
      headers: request.headers,
      bytes,
      get body() {
        return JSON.parse(bytes.toString('utf8'));
      },
    };
    const answer = await this.#answer(delivered, this.arrived.push(delivered) - 1);
    if (answer === 'reset') response.socket?.resetAndDestroy();
    else if (answer !== 'never') respond(response, answer);
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

function respond(response: ServerResponse, answer: number | { status: number; headers: object }): void {
  const { status, headers } = typeof answer === 'number' ? { status: answer, headers: {} } : answer;
  response.writeHead(status, { location: '/elsewhere', ...headers }).end('x'.repeat(100_000));
}
