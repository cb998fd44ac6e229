import http from 'node:http';
import https from 'node:https';

export interface Post {
  url: URL;
  headers: Record<string, string | string[]>;
  body: Uint8Array;
  /** Milliseconds until the answer must begin. */
  timeout: number;
  /** Keeps connections open. The default is a connection for this request only. */
  agent?: http.Agent | false;
  /** Aborts the request. */
  signal?: AbortSignal;
}

export type Posted =
  | { kind: 'answered'; httpStatus: number; headers: http.IncomingHttpHeaders }
  | { kind: 'unreachable'; reason: string };

/**
 * Sends bytes to a receiver, once, without following redirects or reading the body of the answer. Never rejects for a
 * fault of the network or of the other side.
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
      response.once('error', () => undefined).resume();
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

/** Makes an agent that keeps the connections to one receiver open. */
export function makeAgent({ protocol }: URL, maxSockets: number): http.Agent {
  const { Agent } = protocol === 'https:' ? https : http;
  return new Agent({ keepAlive: true, maxSockets });
}
