// The receiver of a subscription: a server with answers of a test that records its deliveries.

import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Json } from '../harness/sandbox.ts';

export interface Arrived {
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  body: Json;
}

/** The answer to a delivery: a status, with headers or not, or none. */
export type Answer = number | 'never' | { status: number; headers: Record<string, string> };

export class Receiver {
  readonly arrived: Arrived[] = [];
  readonly #server: http.Server;
  readonly #waiting = new Set<() => void>();
  answer: (arrived: Arrived, turn: number) => Answer;
  url = '';

  private constructor(answer: Receiver['answer']) {
    this.answer = answer;
    this.#server = http.createServer((request, response) => void this.#take(request, response));
  }

  static async open(answer: Receiver['answer'] = () => 200): Promise<Receiver> {
    const receiver = new Receiver(answer);
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    receiver.url = `http://127.0.0.1:${(receiver.#server.address() as AddressInfo).port}/hook`;
    onTestFinished(() => receiver.close());
    return receiver;
  }

  /** Resolves once this number of deliveries has arrived. */
  async got(count: number): Promise<Arrived[]> {
    while (this.arrived.length < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    return this.arrived;
  }

  /** The same without repetitions: a process that ends cuts its deliveries, of which some have arrived by then. */
  async gotDistinct(count: number): Promise<Arrived[]> {
    for (let wanted = count; ; wanted += 1) {
      await this.got(wanted);
      const distinct = new Map(this.arrived.map((one) => [one.headers['x-delivery-id'], one]));
      if (distinct.size >= count) return [...distinct.values()];
    }
  }

  statuses(arrived: readonly Arrived[] = this.arrived): string[] {
    return arrived.map(({ body: { data } }) => data.order_status ?? data.status);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #take(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const bytes = Buffer.from(await new Response(request).arrayBuffer());
    const arrived = { headers: request.headers, bytes, body: JSON.parse(bytes.toString('utf8')) };
    const turn = this.arrived.push(arrived) - 1;
    const answer = this.answer(arrived, turn);
    const { status, headers = {} } =
      typeof answer === 'number' ? { status: answer } : answer === 'never' ? {} : answer;
    if (status !== undefined) response.writeHead(status, headers).end('thank you');
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
