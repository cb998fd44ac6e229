// Test servers that record their requests: one for an API, one for a receiver of webhooks.
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

/** Part of every header and body that is sent; must appear nowhere else. */
export const SECRET = 'tok-4711-never-to-be-seen';

export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds since the server was started. */
  at: number;
}

/** Responds to the n-th request, from 0. */
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

/** Resets the connection instead of responding. */
export const reset: Answer = (response) => void response.socket?.resetAndDestroy();

/** Sends less than its Content-Length announces. */
export const cut: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{"status":"IN_PROGRESS","kioskId":"WIS00001"', () => void response.socket?.destroy());
};

/** Never responds. */
export const silence: Answer = () => undefined;

/** Uses the given responses one after another, then repeats the last one. */
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

/** The response to a delivery: a status, a status with headers, a reset connection, or none. */
export type ReceiverAnswer = number | 'reset' | 'never' | { status: number; headers: Record<string, string> };

type AnswerDelivery = (delivered: Delivered, turn: number) => ReceiverAnswer | Promise<ReceiverAnswer>;

/** A receiver of webhooks. Its responses redirect and have long bodies, which a sender must ignore. */
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

  /** Starts a receiver that ends with the test. @param answer returns the response to the n-th delivery, from 0 */
  static async open(answer?: AnswerDelivery): Promise<Receiver> {
    const receiver = await Receiver.start(answer);
    onTestFinished(() => receiver.close());
    return receiver;
  }

  /** Starts a receiver that the test must close. For concurrent tests. */
  static async start(answer: AnswerDelivery = () => 200): Promise<Receiver> {
    const receiver = new Receiver(answer);
    await new Promise<void>((resolve) => void receiver.#server.listen(0, '127.0.0.1', resolve));
    receiver.url = `http://127.0.0.1:${(receiver.#server.address() as AddressInfo).port}/hooks`;
    return receiver;
  }

  /** Resolves when this number of deliveries has arrived. */
  async got(count: number): Promise<Delivered[]> {
    while (this.arrived.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.arrived;
  }

  /** Like `got`, without repetitions: a process that ends aborts deliveries that may have arrived. */
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
