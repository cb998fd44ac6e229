import { readFileSync } from 'node:fs';
import type { OwnerProcess } from '../../domain/attempt.ts';
import { bootId, namespaceId } from '../../machine/boot.ts';
import { hostName, userName } from '../../machine/system.ts';

/** Returns this process as an owner of rows. */
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

/** Returns the text by which the sessions of a process are recognised on a PostgreSQL server. */
export function announcementOf({ host, pid, startedAt, boot, namespace }: OwnerProcess): string {
  return [boot ?? host, namespace, pid, startedAt].join(' ');
}

/**
 * Asks the operating system if a process is running.
 * @param own the process that checks
 * @returns null if the process id is from another boot, machine or pid namespace
 */
export function isRunning(owner: OwnerProcess, own: OwnerProcess): boolean | null {
  const isOurs = isSameBoot(owner, own) && (owner.boot === null || owner.namespace === own.namespace);
  return isOurs ? runs(owner) : null;
}

/** True if another process has the same uptime clock as this one. Compares host names if a boot id is missing. */
export function isSameBoot({ boot, host }: OwnerProcess, own: OwnerProcess): boolean {
  return boot === null ? host === own.host : boot === own.boot;
}

function runs({ pid, startedAt }: OwnerProcess): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process is running, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = readStat(pid);
  // Zombie: killed, but not yet reaped by its parent.
  if (stat && /[ZX]/.test(stat.state)) return false;
  return startedAt === null || startedAt === (stat?.startedAt ?? null);
}

/**
 * Reads state and start time (in clock ticks since the boot) of a process from /proc (Linux, proc(5), fields 3 and 22);
 * null elsewhere.
 */
function readStat(pid: number): { state: string; startedAt: string | null } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', startedAt: fields[19] ?? null };
  } catch {
    return null;
  }
}
