import http from 'node:http';
import https from 'node:https';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';

export interface Post {
  url: URL;
  headers: Record<string, string | string[]>;
  body: Uint8Array;
  /** Milliseconds until the answer must begin. */
  timeout: number;
  /** Keeps connections open. The default is a new connection for each request. */
  agent?: http.Agent | undefined;
  /** Aborts the request. */
  signal?: AbortSignal | undefined;
}

export type Posted = { kind: 'answered'; httpStatus: number } | { kind: 'unreachable'; reason: string };

/**
 * Sends bytes to a receiver, once, without following redirects or reading the body of the answer. Never rejects for a
 * fault of the network or of the other side.
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

/** Makes an agent that keeps the connections to one receiver open. */
export function makeAgent({ protocol }: URL, maxSockets: number): http.Agent {
  const { Agent } = protocol === 'https:' ? https : http;
  return new Agent({ keepAlive: true, maxSockets });
}

/** A stored webhook that is sent again. */
export interface Sendable {
  body: Uint8Array;
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
}

/** Wise gives a receiver five seconds; one behind a tunnel may need longer. */
const LONGEST_WAIT_MS = 15_000;

/** Sends a webhook as Wise did, with the same bytes, signature and delivery id. Nothing but its limit cuts it short. */
export async function sendDelivery(
  url: URL,
  { body, signature, deliveryId, isTest }: Sendable,
): Promise<Posted> {
  const headers = {
    'content-type': 'application/json',
    ...(signature !== null && { [SIGNATURE_HEADER]: signature }),
    ...(deliveryId !== null && { [DELIVERY_HEADER]: deliveryId }),
    ...(isTest && { [TEST_HEADER]: 'true' }),
  };
  return post({ url, headers, body, timeout: LONGEST_WAIT_MS });
}
