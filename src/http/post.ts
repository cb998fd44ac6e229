import http from 'node:http';
import https from 'node:https';

/** The connections to a receiver. */
export type ReceiverAgent = http.Agent;

export interface Post {
  url: URL;
  headers: Record<string, string | string[]>;
  body: Uint8Array;
  /** Timeout for the start of the response, in milliseconds. */
  timeout: number;
  /** Agent with persistent connections. By default, a new connection is used. */
  agent?: http.Agent | false;
  /** Aborts the request. */
  signal?: AbortSignal;
}

type Posted =
  | { kind: 'answered'; httpStatus: number; headers: http.IncomingHttpHeaders }
  | { kind: 'unreachable'; reason: string };

/** Maximum size of a response body: the connection of a longer one is closed. */
const ANSWER_LIMIT_BYTES = 64 * 1024;

/**
 * Sends a POST request without following redirects, and discards the response body. Network errors and error responses
 * don't reject the promise.
 */
export function post({ url, headers, body, timeout, agent = false, signal }: Post): Promise<Posted> {
  const { request: open } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve) => {
    const fail = (reason: string) => resolve({ kind: 'unreachable', reason });
    const request = open(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
      agent,
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => request.destroy(), timeout);
    request.once('response', (response) => {
      let length = 0;
      response.once('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > ANSWER_LIMIT_BYTES) request.destroy();
      });
      resolve({ kind: 'answered', httpStatus: response.statusCode ?? 0, headers: response.headers });
    });
    request.once('error', (error: Error & { code?: string }) => fail(error.code ?? 'no answer'));
    request.once('close', () => {
      clearTimeout(timer);
      fail(`no answer within ${timeout / 1_000} s`);
    });
    request.end(body);
  });
}

/** Creates an agent with persistent connections to one receiver. */
export function makeAgent({ protocol }: URL, maxSockets: number): http.Agent {
  const { Agent } = protocol === 'https:' ? https : http;
  return new Agent({ keepAlive: true, maxSockets });
}
