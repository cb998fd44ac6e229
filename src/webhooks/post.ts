import http from 'node:http';
import https from 'node:https';
import { DELIVERY_HEADER, SIGNATURE_HEADER, TEST_HEADER } from '../wire/events.ts';

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

/** What goes out to a receiver of webhooks. */
export interface Sendable {
  body: Uint8Array;
  signature: string | null;
  deliveryId: string | null;
  isTest: boolean;
}

/** The vendor gives a receiver five seconds; one at the other end of a tunnel may take longer. */
const LONGEST_WAIT_MS = 15_000;

/** Sends a webhook as the vendor did: the same bytes, signature and delivery id. Once it is on its way it is not cut. */
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
