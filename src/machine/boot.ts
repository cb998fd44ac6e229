import { readFileSync, readlinkSync } from 'node:fs';

/** Milliseconds since the boot. The clock can't be set, and all processes of a boot share it. */
export function uptimeNow(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** Returns the boot id and the time namespace (whose clocks may differ) on Linux; null elsewhere. */
export function bootId(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${namespaceId('time') ?? ''}`.trim();
  } catch {
    return null;
  }
}

/** Returns the id of this process's namespace on Linux; null elsewhere. */
export function namespaceId(kind: 'pid' | 'time'): string | null {
  try {
    return readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return null;
  }
}
