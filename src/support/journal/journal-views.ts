import { describeOwner } from '../../domain/attempt.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { counted, formatSize } from '../../domain/text/words.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { JournalIdentity } from '../../journal/journal.ts';
import type { Result } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';
import { listResult } from '../../output/table.ts';
import type { QueueChange } from '../../queue/queue-schema.ts';
import type { Backup, Restored, ShownJournal } from './file-journal.ts';
import type { MovedJournal } from './move-journal.ts';
import type { MarkedJournal, ServerChange } from './server-journal.ts';

/** Creates the result of `journal show`. @param journal null if no journal exists */
export function shownJournal(file: string, journal: ShownJournal | null): Result {
  return listResult(
    ([field, value]) => `${`${field}:`.padEnd(15)}${printable(value)}\n`,
    journal === null ? [] : rowsOf(file, journal),
    {
      document: { file, journal: journal && toDocument(journal) },
      empty: `There is no journal ${printable(file)} yet: the first command that records something creates it.\n`,
    },
  );
}

function rowsOf(file: string, journal: ShownJournal): [string, string][] {
  const { bytes, schema, identity, openAttempts, listeners, leases, server } = journal;
  return [
    [server ? 'database' : 'file', file],
    ...(server ? describeServer(server) : []),
    ['size', formatSize(bytes)],
    ['schema', String(schema)],
    ['id', identity?.id ?? '–'],
    ['generation', identity?.generation ?? '–'],
    ...(server ? [] : [['last backup', describeBackup(identity)] as [string, string]]),
    ...describeRestore(journal),
    ['open attempts', String(openAttempts)],
    ...listeners.map(({ url, owner, startedAt }): [string, string] => [
      'listener',
      `${url}, ${describeOwner(owner)}, since ${localTime(startedAt)}`,
    ]),
    ...leases.map(({ subject, action, owner, takenAt }): [string, string] => [
      'in use',
      `${subject} (${action}) by ${describeOwner(owner)}, since ${localTime(takenAt)}`,
    ]),
  ];
}

function describeServer({
  version,
  tls,
  login,
  latency,
  connected,
}: NonNullable<ShownJournal['server']>): [string, string][] {
  return [
    ['server', `PostgreSQL ${version}, ${tls ?? 'no TLS'}, ${latency.toFixed(1)} ms`],
    ['login', login],
    ...connected.map((one): [string, string] => [
      'connected',
      `${one.login} (${counted(one.sessions, 'session')})`,
    ]),
  ];
}

function describeBackup(identity: JournalIdentity | null): string {
  const { backedUpAt = null, backupFile = null } = identity ?? {};
  if (backedUpAt === null) return 'never';
  return [localTime(backedUpAt), backupFile].filter(Boolean).join(', ');
}

function describeRestore({ identity, markedCards }: ShownJournal): [string, string][] {
  if (identity?.restoredAt == null) return [];
  const cards = `${counted(markedCards, 'known card')} not sent since: each waits once before it is sent`;
  return [['restored', `${localTime(identity.restoredAt)}, ${cards}`]];
}

function toDocument({ identity, listeners, leases, server, ...journal }: ShownJournal) {
  return {
    bytes: journal.bytes,
    schema: journal.schema,
    id: identity?.id ?? null,
    generation: identity?.generation ?? null,
    createdAt: utcTime(identity?.createdAt ?? null),
    backedUpAt: utcTime(identity?.backedUpAt ?? null),
    backupFile: identity?.backupFile ?? null,
    restoredAt: utcTime(identity?.restoredAt ?? null),
    markedCards: journal.markedCards,
    openAttempts: journal.openAttempts,
    server: server && {
      version: server.version,
      tls: server.tls,
      login: server.login,
      latencyMs: Math.round(server.latency * 10) / 10,
      clockOffsetMs: Math.round(server.clockOffset),
      connected: server.connected,
    },
    listeners: listeners.map(({ url, owner, startedAt, isRunning }) => ({
      url,
      by: describeOwner(owner),
      startedAt: utcTime(startedAt),
      isRunning,
    })),
    leases: leases.map(({ subject, action: act, owner, takenAt, isRunning }) => ({
      subject,
      act,
      by: describeOwner(owner),
      takenAt: utcTime(takenAt),
      isRunning,
    })),
  };
}

export function backedUpJournal(journal: string, { file, bytes, at }: Backup): Result {
  return {
    exitCode: 0,
    document: { journal, file, bytes, backedUpAt: utcTime(at) },
    text: (style) =>
      `${style.good('✓')} ${printable(journal)} is copied to ${printable(file)} (${formatSize(bytes)}).\n`,
  };
}

export function restoredJournal(journal: string, { backup, kept, wait }: Restored): Result {
  const backedUpAt = backup.identity?.backedUpAt ?? null;
  return {
    exitCode: 0,
    document: {
      journal,
      file: backup.file,
      backedUpAt: utcTime(backedUpAt),
      id: backup.identity?.id ?? null,
      replaced: kept,
      waitMs: wait,
    },
    text: (style) => {
      const time = backedUpAt === null ? '' : ` of ${localTime(backedUpAt)}`;
      return [
        `${style.good('✓')} ${printable(journal)} is the backup${time} now.`,
        ...(kept === null ? [] : [`The replaced journal is stored as ${printable(kept)}.`]),
        `Attempts that were made after the backup are unknown: before a card is sent again, its command waits ${formatDuration(wait)}, once.`,
      ]
        .join('\n')
        .concat('\n');
    },
  };
}

export function createdJournal({ journal, roles, before, after, queue }: ServerChange): Result {
  const isNew = before === 0;
  return {
    exitCode: 0,
    document: {
      journal,
      schema: after,
      changed: isNew || isInstalled(queue),
      roles: { ...roles },
      ...queueDocument(queue),
    },
    text: (style) =>
      (isNew
        ? [
            `${style.good('✓')} ${printable(journal)} is created (schema ${after}).`,
            `Create a login for each person and server, with the role ${roles.operator}:`,
            `  CREATE ROLE ada LOGIN IN ROLE ${roles.operator}`,
          ]
            .join('\n')
            .concat('\n')
        : `${printable(journal)} exists already (schema ${after}).\n`
      ).concat(queueLine(queue)),
  };
}

export function upgradedJournal({ journal, before, after, queue }: ServerChange): Result {
  const isNewer = after !== before;
  return {
    exitCode: 0,
    document: {
      journal,
      previousSchema: before,
      schema: after,
      changed: isNewer || isInstalled(queue),
      ...queueDocument(queue),
    },
    text: (style) =>
      (isNewer
        ? `${style.good('✓')} ${printable(journal)} is upgraded from schema ${before} to ${after}.\n`
        : `${printable(journal)} has schema ${after} already.\n`
      ).concat(queueLine(queue)),
  };
}

function isInstalled(queue: QueueChange): boolean {
  return 'change' in queue && queue.change === 'installed';
}

function queueDocument(queue: QueueChange) {
  return { jobQueue: 'change' in queue ? queue.change : 'unavailable' };
}

function queueLine(queue: QueueChange): string {
  if ('fix' in queue)
    return `The job queue of servers is not installed: ${queue.reason}. ${queue.fix}, then run kioskctl journal upgrade.\n`;
  return isInstalled(queue)
    ? `The job queue of servers is installed (graphile-worker ${queue.version}).\n`
    : 'Its job queue needs no change.\n';
}

export function markedJournal({ journal, id, wait }: MarkedJournal): Result {
  return {
    exitCode: 0,
    document: { journal, id, waitMs: wait },
    text: (style) =>
      [
        `${style.good('✓')} ${printable(journal)} is marked as restored.`,
        `Attempts that were made after its backup are unknown: before a card is sent again, its command waits ${formatDuration(wait)}, once.`,
      ]
        .join('\n')
        .concat('\n'),
  };
}

export function moveResult({ journal, file, id, counts, isNew }: MovedJournal): Result {
  return {
    exitCode: 0,
    document: { journal, file, id, changed: isNew, moved: counts },
    text: (style) => {
      const records = describeCounts(counts);
      return isNew
        ? `${style.good('✓')} ${printable(file)} is moved to ${printable(journal)}: ${records}.\nThe file is sealed.\n`
        : `${printable(file)} was moved to ${printable(journal)} before: ${records}. Nothing was changed.\n`;
    },
  };
}

/** Lists the numbers of moved records in words: `12 cards, 3 attempts, …`. */
function describeCounts(counts: MovedJournal['counts']): string {
  const names: readonly (readonly [table: string, name: string])[] = [
    ['cards', 'card'],
    ['attempts', 'attempt'],
    ['events', 'event'],
    ['acts', 'action'],
    ['holds', 'hold'],
    ['runs', 'run'],
    ['plans', 'plan'],
  ];
  return names.map(([table, name]) => counted(counts[table] ?? 0, name)).join(', ');
}
