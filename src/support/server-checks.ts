import { failure } from '../domain/errors/failure.ts';
import type { ServerChecks } from '../journal/inspect-server.ts';
import type { JournalServer } from '../journal/journal-server.ts';
import { SERVER_SCHEMA } from '../journal/open-journal.ts';
import { schemaObstacle, UPGRADE } from '../postgres/schema-version.ts';
import { type Check, type CheckInput, type CheckOutcome, ok, warning } from './check.ts';

/** The checks of `doctor` on a journal in PostgreSQL. */
export const SERVER_CHECKS: readonly Check[] = [
  { name: 'privileges', run: checkPrivileges },
  { name: 'durability', run: checkDurability },
  { name: 'connection', run: checkConnection },
  { name: 'server-clock', run: checkServerClock },
].map((check) => ({ ...check, needs: ['context', 'journal'], isOfServer: true }));

/**
 * Clock difference to the server, in milliseconds, at which `doctor` warns. Decisions use the clock of the server only.
 */
const SKEW_MS = 30_000;

/** Checks that the journal can be used. @throws Failure `journal-unusable` */
export async function checkServer(server: JournalServer): Promise<CheckOutcome> {
  const journal = await server.inspect();
  const { schema, identity } = journal;
  const { version, tls, latency } = journal.server;
  const obstacle = schemaObstacle(journal, SERVER_SCHEMA);
  if (obstacle)
    throw failure(
      'journal-unusable',
      `The journal ${server.name} ${obstacle.reason} (${schema}).`,
      obstacle.fix,
    );
  if (schema < SERVER_SCHEMA.current)
    return warning(
      `The journal ${server.name} has the schema of an older version (${schema}). Only journal move does not work with it.`,
      UPGRADE,
    );
  const id = identity === null ? '' : `, id ${identity.id}`;
  return ok(
    `${server.name}: PostgreSQL ${version}, ${tls ?? 'no TLS'}, schema ${schema}${id}, ${latency.toFixed(1)} ms`,
  );
}

async function checksOf({ ctx: { journalServer } }: CheckInput): Promise<ServerChecks> {
  if (!journalServer) throw new TypeError('a check of a server without one');
  return (await journalServer()).check();
}

async function checkPrivileges(input: CheckInput): Promise<CheckOutcome> {
  const { missing, isOwner } = await checksOf(input);
  if (missing.length > 0)
    throw failure(
      'journal-unusable',
      `The login of the journal lacks privileges: ${missing.join(', ')}.`,
      'Make it a member of the operator role of the journal.',
    );
  if (!isOwner) return ok('the login can record, but not change the schema');
  const hint = 'For daily work, use a login that has the operator role only.';
  return warning('The login of the journal can change its schema.', hint);
}

async function checkDurability(input: CheckInput): Promise<CheckOutcome> {
  const checks = await checksOf(input);
  const { isAsynchronous, standbys } = checks;
  const problems = DANGERS.filter(({ applies }) => applies(checks));
  if (problems.length === 0)
    return ok(
      standbys > 0 && !isAsynchronous
        ? 'commits wait for a standby'
        : 'commits wait for the disk of the server',
    );
  return warning(
    problems.map(({ describe }) => describe(checks)).join(' '),
    problems.map(({ fix }) => fix).join(' '),
  );
}

interface Danger {
  applies: (checks: ServerChecks) => boolean;
  describe: (checks: ServerChecks) => string;
  fix: string;
}

/** States of a server in which it can lose attempts that it has confirmed. */
const DANGERS: readonly Danger[] = [
  {
    applies: ({ fsync }) => fsync !== 'on',
    describe: ({ fsync }) => `The server has fsync=${fsync}: a power cut loses or damages what it confirmed.`,
    fix: 'Set fsync to on.',
  },
  {
    applies: ({ synchronousCommit }) => ['off', 'local'].includes(synchronousCommit),
    describe: ({ synchronousCommit }) =>
      `The session has synchronous_commit=${synchronousCommit}, although kioskctl sets it to on.`,
    fix: 'Use a direct connection: a pooler drops settings.',
  },
  {
    applies: ({ isAsynchronous, standbys }) => isAsynchronous && standbys > 0,
    describe: ({ standbys }) =>
      `No commit waits for the connected standby (${standbys}): a failover can lose attempts.`,
    fix: 'Set synchronous_standby_names on the server.',
  },
];

async function checkConnection(input: CheckInput): Promise<CheckOutcome> {
  const { isPooled } = await checksOf(input);
  if (!isPooled) return ok('direct');
  return warning('The connection to the server goes through a pooler.', 'Use a direct connection.');
}

async function checkServerClock({ ctx: { journalServer } }: CheckInput): Promise<CheckOutcome> {
  const state = (await (await journalServer?.())?.inspect())?.server;
  const offset = Math.round((state?.clockOffset ?? 0) / 1_000);
  if (Math.abs(offset) * 1_000 <= SKEW_MS) return ok(`at most ${SKEW_MS / 1_000}s from that of the server`);
  return warning(
    `${Math.abs(offset)}s ${offset > 0 ? 'behind' : 'ahead of'} the server of the journal.`,
    'Set the clock of this machine (timedatectl set-ntp true).',
  );
}
