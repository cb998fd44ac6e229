import { resolve } from 'node:path';
import type { Context } from '../../context/context.ts';
import { describeOwner } from '../../domain/attempt.ts';
import { Failure, failure } from '../../domain/errors/failure.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { killedWindowOf } from '../../domain/times/settle-window.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { ServerState } from '../../journal/inspect-server.ts';
import type { Journal, JournalState, Lease, ListenerRecord } from '../../journal/journal.ts';
import { useCommand } from '../../journal/journal-faults.ts';
import type { JournalInspection } from '../../journal/journal-file.ts';

/** The journal's properties, and the processes that use it now. */
export interface ShownJournal extends JournalInspection, JournalState {
  /** State of the server; null for a journal in a file. */
  server: ServerState | null;
  listeners: readonly (ListenerRecord & { isRunning: boolean | null })[];
  leases: readonly Lease[];
}

/** Returns the properties of the journal; null if none exists. */
export async function showJournal(ctx: Context): Promise<ShownJournal | null> {
  const found = await inspectJournal(ctx);
  if (!found) return null;
  // Comes last, because opening the journal would create a missing file.
  const { journal } = ctx;
  return {
    ...found,
    ...(await journal.countState()),
    listeners: await journal.listRunningListeners(),
    leases: await journal.listLeases(),
  };
}

async function inspectJournal({
  journalServer,
  journalFile,
}: Context): Promise<(JournalInspection & Pick<ShownJournal, 'server'>) | null> {
  if (journalServer) return (await journalServer()).inspect();
  const found = journalFile.inspect({ check: 'none' });
  return found && { ...found, server: null };
}

export interface Backup {
  file: string;
  bytes: number;
  at: number;
}

/**
 * Copies the journal, even while it is in use.
 * @throws Failure `invalid-input` if the target exists or can't be written
 */
export async function backUpJournal(
  ctx: Context,
  file: string,
  { force }: { force: boolean },
): Promise<Backup> {
  const { journalFile, files, calendar } = ctx;
  if (journalFile.isPart(file))
    throw failure('invalid-input', `${file} is the journal itself.`, 'Name another file.');
  if (!journalFile.inspect({ check: 'none' })) {
    const hint = 'The first command that records something creates it.';
    throw failure('journal-unusable', `There is no journal ${journalFile.path} yet.`, hint);
  }
  const at = calendar.now();
  const copy = resolve(file);
  await files.create(copy, async (draft) => journalFile.copyTo(draft, at), { force, mode: 0o600 });
  await ctx.journal.recordBackup({ file: copy, at });
  return { file: copy, bytes: files.size(copy) ?? 0, at };
}

export interface Restored {
  backup: JournalInspection & { file: string };
  /** File name of the replaced journal; null if there was none. */
  kept: string | null;
  /** Milliseconds that the first request for each card must wait after the restore. */
  wait: number;
}

/**
 * Replaces the journal with a backup, after a prompt.
 * @throws Failure `invalid-input`, `journal-in-use`, `not-confirmed`
 */
export async function restoreJournal(ctx: Context, file: string): Promise<Restored> {
  const { journalFile, calendar, timing } = ctx;
  const backup = { ...journalFile.inspectBackup(file), file };
  const wait = killedWindowOf(timing);
  await approve(ctx, { backup, wait });
  const at = calendar.now();
  const kept = `${journalFile.place}.replaced-${new Date(at).toISOString().replaceAll(/[-:.]/g, '')}`;
  const replaced = await journalFile
    .restore(file, {
      kept,
      record: async (journal) => recordRestore(ctx, journal),
    })
    .catch(async (error: unknown) => {
      throw error instanceof Failure && error.code === 'journal-in-use'
        ? await namingUsers(ctx, error)
        : error;
    });
  return { backup, kept: replaced, wait };
}

async function approve(
  ctx: Context,
  { backup, wait }: { backup: JournalInspection & { file: string }; wait: number },
): Promise<void> {
  const { path } = ctx.journalFile;
  const current = inspectDamaged(ctx);
  if (current?.movedTo)
    throw failure(
      'journal-moved',
      `The journal ${path} was moved to ${current.movedTo}. A backup of it would be used beside that one.`,
      `Use that one: ${useCommand(current.movedTo)}`,
    );
  const knowsProduction = backup.knowsProduction || (current?.knowsProduction ?? false);
  assertOfEnvironment(ctx, { what: `The journal ${path} or its backup`, knowsProduction });
  if (current?.identity && backup.identity && current.identity.id !== backup.identity.id)
    ctx.report.warn(`${backup.file} is a backup of another journal (id ${backup.identity.id}).`);
  const time = utcTime(backup.identity?.backedUpAt ?? null);
  const question = `Replace the journal ${path} with the backup ${backup.file}${time === null ? '' : ` of ${time}`}? Attempts that were made after the backup are unknown then: the next time that a card is sent, it waits ${formatDuration(wait)} first.`;
  await confirmChange(ctx, question);
}

/** @throws Failure `not-confirmed` */
export async function confirmChange({ ask }: Context, question: string): Promise<void> {
  if (await ask.confirm(question, { flag: '--yes' })) return;
  throw failure('not-confirmed', 'The journal was not changed.', 'Show it: kioskctl journal show');
}

/** Records a restore in the audit log of the restored journal. */
export async function recordRestore(
  { name: context, reason, calendar }: Context,
  journal: Journal,
): Promise<void> {
  const at = calendar.now();
  const card = { profileId: 0, orderId: null, cardToken: null, kioskId: null };
  const id = await journal.startAction({ action: 'restore', context, ...card, reason, at });
  await journal.endAction(id, { exitCode: 0, at });
}

/**
 * Rejects changing a journal with attempts in production, unless the context is one of production.
 * @throws Failure `not-confirmed`
 */
export function assertOfEnvironment(
  { environment, name }: Context,
  { what, knowsProduction }: { what: string; knowsProduction: boolean },
): void {
  if (environment === 'production' || !knowsProduction) return;
  throw failure(
    'not-confirmed',
    `${what} has attempts in production, and context ${name} is of environment ${environment}.`,
    'Use a context of production: --context NAME.',
  );
}

/**
 * Returns the properties of the journal; null if it does not exist or is damaged. A restore must work in both cases.
 */
function inspectDamaged({ journalFile }: Context): JournalInspection | null {
  try {
    return journalFile.inspect({ check: 'none' });
  } catch (error) {
    if (error instanceof Failure && error.code === 'journal-unusable') return null;
    throw error;
  }
}

async function namingUsers(ctx: Context, { code, message, hint }: Failure): Promise<Failure> {
  const listeners = await ctx.journal.listRunningListeners();
  const leases = await ctx.journal.listLeases();
  const users = [
    ...listeners.map(({ url, owner }) => `the listener at ${url} (${describeOwner(owner)})`),
    ...leases.map(({ action, owner }) => `${describeOwner(owner)} (${action})`),
  ];
  if (users.length === 0) return failure(code, message, hint);
  return failure(
    code,
    `The journal ${ctx.journalFile.path} is in use by ${[...new Set(users)].join(', ')}.`,
    hint,
  );
}
