import type { IncomingMessage } from 'node:http';
import { pathOf } from './refused-event.ts';

/** `health`: the process is running. `ready`: it can store webhooks. */
export type Probe = 'health' | 'ready';

const PROBES: ReadonlyMap<string, Probe> = new Map([
  ['/health', 'health'],
  ['/ready', 'ready'],
]);

/** True for the path of a probe, which can't receive webhooks. */
export function isProbePath(path: string): boolean {
  return PROBES.has(pathOf(path));
}

/** Returns the probe of a request; null if the request is not a probe. */
export function probeOf({ method, url = '' }: Pick<IncomingMessage, 'method' | 'url'>): Probe | null {
  return method === 'GET' || method === 'HEAD' ? (PROBES.get(pathOf(url)) ?? null) : null;
}
