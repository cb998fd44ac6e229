import { describeOwner } from '../domain/attempt.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import type { CardToken, KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Lease } from '../journal/journal.ts';
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

/**
 * Runs work while no other process acts on the same cards or kiosks.
 * @param subjects made by the functions above
 * @throws Failure `leased`, which names the owner
 */
export async function withLeases<Result>(
  ctx: Context,
  { subjects, action }: { subjects: readonly string[]; action: string },
  work: () => Promise<Result>,
): Promise<Result> {
  const [other] = await takeLeases(ctx, subjects, action);
  if (other) throw leased(ctx, other);
  try {
    return await work();
  } finally {
    // A lease that can't be released ends with this process.
    await ctx.journal.releaseLeases(subjects).catch(() => undefined);
  }
}

/** The time between two checks of a lease that may have ended, in milliseconds: one of another machine ends 10 seconds after its last heartbeat. */
const CHECK_MS = 500;

async function takeLeases(ctx: Context, subjects: readonly string[], action: string): Promise<Lease[]> {
  for (;;) {
    const others = await ctx.journal.takeLeases(subjects, action);
    if (others.every(({ isRunning }) => isRunning)) return others;
    await ctx.stopwatch.sleep(CHECK_MS, ctx.signal);
  }
}

/** Returns the failure of a lease that another process has. */
export function leased(ctx: Context, { subject, action, owner, freeIn }: Lease): Failure {
  const [kind = '', name = ''] = subject.split(' ');
  const commands: Record<string, string[]> = { kiosk: ['kiosks'], run: ['runs', 'show', name] };
  const command = commands[kind] ?? ['status', name];
  const what = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name} is`;
  return failure(
    'leased',
    `${what} being worked on (${action}) by ${describeOwner(owner)}.`,
    `Wait until it is done, or ask them. ${freeIfKilled(kind, freeIn)} Check: ${commandLine(command, ctx.invocation)}`,
  );
}

/** Says when the subject of a lease is free if its process can't release it any more. */
export function freeIfKilled(kind: string, freeIn: number): string {
  return `If that process was killed, the ${kind} is free within ${formatDuration(Math.ceil(freeIn / 1_000) * 1_000)}.`;
}
