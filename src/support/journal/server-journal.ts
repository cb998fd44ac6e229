import type { Context } from '../../context/context.ts';
import { failure } from '../../domain/errors/failure.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { killedWindowOf } from '../../domain/times/settle-window.ts';
import type { JournalServer } from '../../journal/journal-server.ts';
import type { JournalRoles } from '../../journal/server-roles.ts';
import type { SchemaChange } from '../../journal/server-schema.ts';
import type { QueueChange } from '../../queue/queue-schema.ts';
import { assertOfEnvironment, confirmChange, recordRestore } from './file-journal.ts';

/** A change of the schema of a journal on a server. */
export interface ServerChange extends SchemaChange {
  journal: string;
  roles: JournalRoles;
  /** The job queue of `serve`. */
  queue: QueueChange;
}

/** Creates the journal of the context on its server, unless it exists. @throws Failure `usage` for a file */
export async function createJournal(ctx: Context, login?: string): Promise<ServerChange> {
  const server = await openServer(ctx, {
    login,
    hint: 'The first command that records something creates it. For a team, set its journal to a postgres:// URL.',
  });
  const change = await server.create();
  return { journal: server.name, roles: server.roles, ...change, queue: await server.installQueue() };
}

/** Upgrades the schema of the journal on its server. @throws Failure `usage` for a file */
export async function upgradeJournal(ctx: Context, login?: string): Promise<ServerChange> {
  const hint = 'The first command of a new version upgrades it.';
  const server = await openServer(ctx, { login, hint });
  const change = await server.upgrade();
  return { journal: server.name, roles: server.roles, ...change, queue: await server.installQueue() };
}

export interface MarkedJournal {
  journal: string;
  id: string | null;
  /** Milliseconds that the first request for each card must wait. */
  wait: number;
}

/**
 * Marks the database of the journal as restored, after a prompt.
 * @throws Failure `usage` for a file, `not-confirmed`
 */
export async function markRestored(ctx: Context): Promise<MarkedJournal> {
  const hint = 'Restore a backup of it: kioskctl journal restore <FILE>';
  const server = await openServer(ctx, { hint });
  const { identity, knowsProduction } = await server.inspect();
  assertOfEnvironment(ctx, { what: `The journal ${server.name}`, knowsProduction });
  const wait = killedWindowOf(ctx.timing);
  const question = `Mark the journal ${server.name} as restored? Commands and servers that use it end. The next time that a card is sent, it waits ${formatDuration(wait)} first.`;
  await confirmChange(ctx, question);
  await server.markRestored(async (journal) => recordRestore(ctx, journal));
  return { journal: server.name, id: identity?.id ?? null, wait };
}

/** Opens the server of the journal. @param options.hint advice for a journal in a file */
export async function openServer(
  { journalServer, journalFile }: Context,
  { login, hint }: { login?: string | undefined; hint: string },
): Promise<JournalServer> {
  if (journalServer) return journalServer(login);
  throw failure('usage', `The journal ${journalFile.path} is a file.`, hint);
}
