import { readFileSync } from 'node:fs';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { bootId, namespaceId } from '../../machine/boot.ts';
import { hostName, userName } from '../../machine/system.ts';

/** This process. */
export function currentOwner(): OwnerProcess {
  return {
    host: hostName() ?? 'unknown',
    user: userName(),
    pid: process.pid,
    startedAt: readStat(process.pid)?.startedAt ?? null,
    boot: bootId(),
    namespace: namespaceId('pid'),
  };
}

/**
 * Returns true if a process is running and false if it has ended; null if that can't be checked here: its id counts only
 * in the same boot and namespace.
 * @param own the process that checks
 */
export function isRunning(owner: OwnerProcess, own: OwnerProcess): boolean | null {
  const isOurs = isSameBoot(owner, own) && (owner.boot === null || owner.namespace === own.namespace);
  return isOurs ? runs(owner) : null;
}

/** True if the uptime of a process is ours. Without ids of boots, and for rows of older versions, the host decides. */
export function isSameBoot({ boot, host }: OwnerProcess, own: OwnerProcess): boolean {
  return boot === null ? host === own.host : boot === own.boot;
}

function runs({ pid, startedAt }: OwnerProcess): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it runs, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = readStat(pid);
  // Killed, and not yet reaped by its parent.
  if (stat && /[ZX]/.test(stat.state)) return false;
  return startedAt === null || startedAt === (stat?.startedAt ?? null);
}

/** State and start of a process (Linux, proc(5), fields 3 and 22, in clock ticks since boot); null elsewhere. */
function readStat(pid: number): { state: string; startedAt: string | null } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAt: fields[19] ?? null };
  } catch {
    return null;
  }
}
