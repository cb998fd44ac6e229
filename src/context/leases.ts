import { type Attempt, describeOwner } from '../domain/attempt.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { CardToken, KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Lease } from '../journal/journal.ts';
import type { Reading } from './clocks.ts';
import type { Context } from './context.ts';

export function leaseOnCard(cardToken: CardToken | null): string {
  return `card ${cardToken ?? ''}`;
}

export function leaseOnKiosk(kioskId: KioskId): string {
  return `kiosk ${kioskId}`;
}

export function leaseOnRun(id: string): string {
  return `run ${id}`;
}

interface LeaseOptions {
  /** Created by `leaseOnCard` and `leaseOnKiosk`. */
  subjects: readonly string[];
  action: string;
  /** Deadline of the wait for a previous owner that may have been killed. */
  deadline?: Reading | null;
}

/**
 * Runs work while holding leases, so that no other process acts on the same cards or kiosks.
 * @throws Failure `leased`, which names the owner
 */
export async function withLeases<Result>(
  ctx: Context,
  { subjects, action, deadline = null }: LeaseOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const take = async () => ctx.journal.takeLeases(subjects, action);
  const [other] = await untilKnown(ctx, { read: take, isKnown: isEachKnown, deadline });
  if (other) throw leased(ctx, other);
  try {
    return await work();
  } finally {
    // A lease that can't be released expires when this process ends.
    await ctx.journal.releaseLeases(subjects).catch(() => undefined);
  }
}

/** Lists the leases of all processes, except those whose owner ended with an earlier boot. */
export async function listLeases(ctx: Context): Promise<Lease[]> {
  const read = async () => ctx.journal.listLeases();
  return untilKnown(ctx, { read, isKnown: isEachKnown, deadline: null });
}

/** True if the process that owns an attempt may still be running. */
export async function isHeld(ctx: Context, attempt: Attempt, deadline: Reading | null): Promise<boolean> {
  const read = async () => ctx.journal.isHeld(attempt);
  return (await untilKnown(ctx, { read, isKnown: (held) => held !== null, deadline })) !== false;
}

/**
 * Interval of the checks for a lease of another machine or of an earlier boot. Such a lease expires after 10 seconds
 * without a heartbeat.
 */
const CHECK_MS = 500;

/**
 * Repeats a read until its result is certain, or until the deadline.
 * @returns the last result
 */
async function untilKnown<Seen>(
  { stopwatch, signal }: Context,
  {
    read,
    isKnown,
    deadline,
  }: { read: () => Promise<Seen>; isKnown: (seen: Seen) => boolean; deadline: Reading | null },
): Promise<Seen> {
  for (;;) {
    const seen = await read();
    const left = stopwatch.until(deadline);
    if (isKnown(seen) || left <= 0) return seen;
    await stopwatch.sleep(Math.min(CHECK_MS, left), signal);
  }
}

function isEachKnown(leases: readonly Lease[]): boolean {
  return leases.every(({ isRunning }) => isRunning !== null);
}

/** Creates the failure for a lease that another process owns. */
export function leased(ctx: Context, { subject, action, owner, freeIn }: Lease): Failure {
  const [kind = '', name = ''] = subject.split(' ');
  const commands: Record<string, string[]> = { kiosk: ['kiosk', 'list'], run: ['runs', 'show', name] };
  const command = commands[kind] ?? ['status', name];
  const what = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name} is`;
  return failure(
    'leased',
    `${what} locked by ${describeOwner(owner)} (${action}).`,
    `Wait until it has finished, or ask its user. ${freeIfKilled(kind, freeIn)} Check: ${commandLine(command, ctx.invocation)}`,
  );
}

/** Describes when a lease expires if its owner was killed. */
export function freeIfKilled(kind: string, freeIn: number): string {
  return `If that process was killed, the ${kind} is free within ${formatDuration(Math.ceil(freeIn / 1_000) * 1_000)}.`;
}
