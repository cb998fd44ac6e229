// A proxy in front of the sandbox that records each request with its answer.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Exchanged {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  /** The text of the body; empty without one. */
  body: string;
  status: number;
  answerHeaders: Record<string, string>;
  answer: string;
}

export class Recorder {
  readonly exchanged: Exchanged[] = [];
  readonly #upstream: string;
  url = '';

  private constructor(upstream: string) {
    this.#upstream = upstream;
  }

  static async open(upstream: string): Promise<Recorder> {
    const recorder = new Recorder(upstream);
    const server = createServer((request, response) => void recorder.#pass(request, response)).listen(
      0,
      '127.0.0.1',
    );
    await once(server, 'listening');
    recorder.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return recorder;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const body = await new Response(request).text();
    const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
    const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const answer = await fetch(`${this.#upstream}${url}`, {
      method,
      headers: sent,
      redirect: 'manual',
      ...(body !== '' && { body }),
    });
    const text = await answer.text();
    const answerHeaders = Object.fromEntries(answer.headers);
    const [path = '', query = ''] = url.split('?');
    this.exchanged.push({
      method,
      path,
      query: Object.fromEntries(new URLSearchParams(query)),
      headers: sent,
      body,
      status: answer.status,
      answerHeaders,
      answer: text,
    });
    response.writeHead(answer.status, { ...answerHeaders, connection: 'close' }).end(text);
  }
}
