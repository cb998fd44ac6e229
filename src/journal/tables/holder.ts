import { readFileSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import type { Attempt, Holder } from '../../domain/attempt.ts';

/** A claim that sent nothing is free again after this long, even when nobody can tell whether its process lives. */
const CLAIM_LEASE_MS = 120_000;

/** After this long no request is on its way any more: it has a limit of 30 seconds. */
const SENDING_LEASE_MS = 40_000;

/** This process, as the journal names it. */
export function currentHolder(): Holder {
  return {
    host: hostname(),
    user: userName(),
    pid: process.pid,
    startedAt: readStat(process.pid)?.startedAt ?? null,
  };
}

/** Is the process that holds an open attempt still at it? A claim or request that is too old counts as left behind. */
export function isHeld({ holder, outcome, claimedAt, sentAt }: Attempt, now: number): boolean {
  const lease = outcome === 'claimed' ? CLAIM_LEASE_MS : SENDING_LEASE_MS;
  if (now - (sentAt ?? claimedAt) > lease) return false;
  return mayBeAlive(holder);
}

/** Does the process of a holder still run? True also for another machine's, where it can't be told. */
export function mayBeAlive(holder: Holder): boolean {
  return holder.host !== hostname() || isAlive(holder);
}

function isAlive({ pid, startedAt }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, but belongs to another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const stat = readStat(pid);
  // Killed, and only not taken note of by its parent.
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
