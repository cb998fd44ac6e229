import { randomUUID } from 'node:crypto';

/** Creates a short id that sorts by time: `20261122-152350-3f9a1c07`. */
export function makeRunId(now: number): string {
  const [date, time] = new Date(now)
    .toISOString()
    .replace(/[-:]|\..*/g, '')
    .split('T');
  return `${date}-${time}-${randomUUID().slice(0, 8)}`;
}
