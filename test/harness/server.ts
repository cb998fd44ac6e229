// A server with answers of a test that records its requests.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from 'vitest';
import { Client, type ClientOptions } from '../../src/wise/client.ts';

/** In every header and body that is sent, and nowhere else. */
export const SECRET = 'tok-4711-never-to-be-seen';

const cleanUps: (() => void)[] = [];
afterAll(() => {
  for (const cleanUp of cleanUps) cleanUp();
});

/** Runs after all tests of the file: concurrent tests can't use `onTestFinished`. */
export function atTheEnd(cleanUp: () => void): void {
  cleanUps.push(cleanUp);
}

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
