import type { IncomingMessage } from 'node:http';
import { pathOf } from './refused-event.ts';

/** `health`: the process is running. `ready`: it can store webhooks. */
export type Probe = 'health' | 'ready';

const PROBES: ReadonlyMap<string, Probe> = new Map([
  ['/health', 'health'],
  ['/ready', 'ready'],
]);

/** True for a path on which a receiver can't receive webhooks, because it answers probes there. */
export function isProbePath(path: string): boolean {
  return PROBES.has(pathOf(path));
}

/** Returns the probe that a request is; null for any other request. */
export function probeOf({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): Probe | null {
  return method === 'GET' || method === 'HEAD' ? (PROBES.get(pathOf(url)) ?? null) : null;
}
