// The JSON documents about the journal, settings, credentials and checks.
import * as v from 'valibot';
import { type CommandDocuments, one } from './document.ts';
import {
  about,
  error,
  exitCode,
  flag,
  integer,
  integerOrNull,
  number,
  optional,
  text,
  textByName,
  textOrNull,
  texts,
} from './fields.ts';

const SOURCES = ['flag', 'variable', 'project-file', 'settings-file', 'context', 'default'] as const;

const source = about('Source of the value.', v.picklist(SOURCES));
const from = about('Flag, variable, file or context.', textOrNull);
const value = v.union([text, number, texts, textByName]);

const edited = {
  name: about('The context that was changed.', text),
  settings: about('Its settings after the change; null if it has none.', v.nullable(v.record(text, value))),
  changed: flag,
  current: about(
    'The context that commands use.',
    v.nullable(v.object({ name: text, environment: text, source, from })),
  ),
};

const owner = about('user@host and process.', text);

const url = about('URL of the journal.', text);

const journal = v.object({
  bytes: integer,
  schema: integer,
  id: textOrNull,
  generation: about('Changes with each restored backup.', textOrNull),
  createdAt: textOrNull,
  backedUpAt: textOrNull,
  backupFile: textOrNull,
  restoredAt: textOrNull,
  markedCards: about('Cards that wait once before they are sent, after a restored backup.', integer),
  openAttempts: integer,
  server: about(
    'The server of a journal in PostgreSQL; null for a file.',
    v.nullable(
      v.object({
        version: text,
        tls: about('TLS version; null for a connection without TLS.', textOrNull),
        login: text,
        latencyMs: number,
        clockOffsetMs: about('Time by which its clock is ahead of this machine.', number),
        connected: about('Logins that are connected.', v.array(v.object({ login: text, sessions: integer }))),
      }),
    ),
  ),
  listeners: v.array(v.object({ url: textOrNull, by: owner, startedAt: text, isRunning: v.nullable(flag) })),
  leases: about(
    'Cards and kiosks that a command uses.',
    v.array(v.object({ subject: text, act: text, by: owner, takenAt: text, isRunning: v.nullable(flag) })),
  ),
});

const check = v.object({
  name: text,
  status: text,
  message: text,
  hint: optional(text),
  exitCode,
  error: optional(error),
});

const jobQueue = about(
  'The job queue of `serve`; unavailable without the package graphile-worker.',
  v.picklist(['installed', 'unchanged', 'unavailable']),
);

export const SETUP_DOCUMENTS: Readonly<Record<string, CommandDocuments>> = {
  'journal show': one('The journal.', {
    file: about('File, or URL of a journal in PostgreSQL.', text),
    journal: about('null if there is none yet.', v.nullable(journal)),
  }),
  'journal create': one('The journal in PostgreSQL.', {
    journal: url,
    schema: integer,
    changed: about('False if it existed already.', flag),
    roles: about('Roles for logins.', v.object({ owner: text, operator: text })),
    jobQueue,
  }),
  'journal upgrade': one('The journal in PostgreSQL.', {
    journal: url,
    previousSchema: integer,
    schema: integer,
    changed: flag,
    jobQueue,
  }),
  'journal restored': one('The journal that was marked as restored.', {
    journal: url,
    id: textOrNull,
    waitMs: about('Time that a card waits once before it is sent again.', number),
  }),
  'journal move': one('The file that was moved.', {
    journal: url,
    file: text,
    id: about('Id of the file.', text),
    changed: about('False if it was moved before.', flag),
    moved: about('Number of moved rows, by table.', v.record(text, integer)),
  }),
  'journal backup': one('The backup that was written.', {
    journal: about('File of the journal.', text),
    file: about('File of the backup.', text),
    bytes: integer,
    backedUpAt: text,
  }),
  'journal restore': one('The journal that was restored.', {
    journal: about('File of the journal.', text),
    file: about('File of the backup.', text),
    backedUpAt: textOrNull,
    id: textOrNull,
    replaced: about('File of the journal that was replaced.', textOrNull),
    waitMs: about('Time that a card waits once before it is sent again.', number),
  }),
  'context list': one('The contexts.', {
    contexts: v.array(
      v.object({
        name: text,
        environment: text,
        profileId: integerOrNull,
        kiosks: texts,
        program: textOrNull,
        baseUrl: textOrNull,
        isImplicit: about('True for a context without settings.', flag),
      }),
    ),
    current: about('The context that commands use.', textOrNull),
    settingsFile: text,
  }),
  'context show': one('The settings in use, each with its source.', {
    name: text,
    chosenBy: about('Source of the context.', v.object({ source, from })),
    values: about(
      'The settings by their names.',
      v.record(text, v.object({ value: v.nullable(value), source, from })),
    ),
    settingsFile: text,
    projectFile: about(
      'The project file; isHeard is false if it is ignored.',
      v.nullable(v.object({ file: text, isHeard: flag })),
    ),
  }),
  'context add': one('The new context.', edited),
  'context set': one('The context after the change.', edited),
  'context unset': one('The context after the change.', edited),
  'context use': one('The context that commands use from now on.', edited),
  'context remove': one('The context that was removed.', {
    ...edited,
    loginRemovedFrom: about('Places from which its credentials were removed.', texts),
  }),
  'context export': one('A context without its secrets.', {
    name: text,
    exported: about(
      'The file for `context add --from`.',
      v.object({ version: v.literal(1), name: text, environment: text, settings: v.record(text, value) }),
    ),
    omitted: about('Settings that were left out: secrets, and files of this machine.', texts),
  }),
  login: one('The stored credentials, without any secret.', {
    login: v.object({
      way: text,
      profileId: integerOrNull,
      endsAt: textOrNull,
      storedIn: text,
      isPlainText: flag,
      hiddenBy: about('Source of credentials that takes precedence.', textOrNull),
    }),
  }),
  logout: one('The credentials that were removed.', {
    changed: flag,
    removedFrom: texts,
    isComplete: about('False if a place could not be checked.', flag),
  }),
  whoami: one('The credentials in use, without any secret.', {
    profileId: integerOrNull,
    credentials: v.array(
      v.object({
        for: v.picklist(['application', 'profile']),
        profileId: integerOrNull,
        source: textOrNull,
        endsAt: textOrNull,
        error: optional(error),
      }),
    ),
  }),
  doctor: one('The checks.', {
    checks: v.array(check),
    report: optional(about('Markdown for a bug report; with `--report`.', text)),
  }),
  version: one('The version.', { version: text, platform: text, node: text }),
  completion: one('The script of a shell.', { shell: text, script: text }),
};
