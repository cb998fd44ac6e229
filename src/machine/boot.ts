import { readFileSync, readlinkSync } from 'node:fs';

/** Milliseconds since the boot, on a clock that nobody sets and that all processes of one boot share. */
export function uptimeNow(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Returns the id of the boot (Linux) with that of the time namespace, whose clocks may differ; null elsewhere. */
export function bootId(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${namespaceId('time') ?? ''}`.trim();
  } catch {
    return null;
  }
}

/** Returns the id of a namespace of this process (Linux); null elsewhere. */
export function namespaceId(kind: 'pid' | 'time'): string | null {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return null;
  }
}
