import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { OwnerProcess } from '../../domain/attempt.ts';

/** This process. */
export function currentOwner(): OwnerProcess {
  return {
    host: hostname(),
    user: userName(),
    pid: process.pid,
    startedAt: readStat(process.pid)?.startedAt ?? null,
  };
}

/** True if the process still runs, and always for one of another machine, where that can't be checked. */
export function mayBeRunning(owner: OwnerProcess): boolean {
  return owner.host !== hostname() || isRunning(owner);
}

function isRunning({ pid, startedAt }: OwnerProcess): boolean {
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

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
