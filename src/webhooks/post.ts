import http from 'node:http';
import https from 'node:https';

export interface Post {
  url: URL;
  headers: Record<string, string | string[]>;
  body: Uint8Array;
  /** Milliseconds until the answer must have begun. */
  timeout: number;
  /** Connections that are kept; without it, each request has its own. */
  agent?: http.Agent | undefined;
  /** Cuts the request. */
  signal?: AbortSignal | undefined;
}

export type Posted = { kind: 'answered'; httpStatus: number } | { kind: 'unreachable'; reason: string };

/**
 * Sends bytes to a receiver, once: redirects are not followed, and the body of the answer is not read. Never throws for
 * what the network or the other side does.
 */
export function post({ url, headers, body, timeout, agent, signal }: Post): Promise<Posted> {
  const { request: open } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve) => {
    const fail = (reason: string) => resolve({ kind: 'unreachable', reason });
    const request = open(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
      ...(agent && { agent }),
      ...(signal && { signal }),
    });
    const timer = setTimeout(() => request.destroy(), timeout);
    request.once('response', (response) => {
      response.once('error', () => undefined).resume();
      resolve({ kind: 'answered', httpStatus: response.statusCode ?? 0 });
    });
    request.once('error', (error: Error & { code?: string }) => fail(error.code ?? 'no answer'));
    request.once('close', () => {
      clearTimeout(timer);
      fail(`no answer within ${timeout / 1_000} s`);
    });
    request.end(body);
  });
}

/** The kept connections of one receiver. */
export function makeAgent({ protocol }: URL, maxSockets: number): http.Agent {
  const { Agent } = protocol === 'https:' ? https : http;
  return new Agent({ keepAlive: true, maxSockets });
}
