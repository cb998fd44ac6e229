// The folders of src: one table for docs/layout.md and test/layout.test.ts. `--write` writes the table into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One folder of `src`. */
export interface Folder {
  name: string;
  purpose: string;
  /** Folders that its files may import, with all that those may import. Its own subfolders go without saying. */
  imports: readonly string[];
  /** Imported only within its top folder, but for the files named here. */
  closed?: true | readonly string[];
  /** Imports that `imports` would allow, and that are forbidden all the same. */
  never?: readonly string[];
  /** Files under 60 lines with a single importer, each with the reason why it stands alone. */
  small?: Readonly<Record<string, string>>;
}

/** From top to bottom: imports point down only, and inside means below. */
export const FOLDERS: readonly Folder[] = [
  {
    name: 'commands',
    purpose: 'One file per command, its path is its name: flags, one workflow, one result.',
    imports: [
      'cli',
      'serve',
      'notices',
      'support',
      'runs',
      'plans',
      'events',
      'status',
      'kiosks',
      'scenarios',
      'cards',
    ],
  },
  {
    name: 'cli',
    purpose:
      'The program: start, dispatch, base command, production guard, and the composition root that makes every Context.',
    imports: [
      'support',
      'runs',
      'plans',
      'events',
      'kiosks',
      'scenarios',
      'cards',
      'webhooks',
      'sandbox',
      'http',
    ],
  },
  {
    name: 'cli/completion',
    purpose: 'Shell completion: the scripts of the shells and the candidates.',
    imports: ['cli/help', 'cli/settings', 'scenarios', 'journal'],
    closed: ['commands/completion.ts'],
  },
  {
    name: 'cli/credentials',
    purpose: 'Tokens for the API: sources, storage, renewal, login.',
    imports: ['cli/settings', 'cli/terminal', 'wise', 'context', 'http'],
  },
  {
    name: 'cli/help',
    purpose:
      'Help pages from the manifest, topics from the tables of the code, suggestions for mistyped commands and flags.',
    imports: ['cli/settings', 'cli/terminal', 'output', 'domain'],
  },
  {
    name: 'cli/settings',
    purpose: 'The settings of a command: one table of settings over flags, variables and files.',
    imports: ['cli/terminal', 'input', 'output', 'context'],
  },
  {
    name: 'cli/terminal',
    purpose: 'Streams, signals, prompts, live progress, and reading and writing files.',
    imports: ['context', 'output', 'domain', 'machine'],
    small: {
      'inquirer.ts': 'Loaded on demand: it contains a whole library.',
      'reader-end.ts': 'Loaded on demand: only watches need it, and it uses internals of Node.',
    },
  },
  {
    name: 'serve',
    purpose: 'The server of a team: a listener with the health, the metrics and the jobs around it.',
    imports: ['plans', 'notices', 'events', 'kiosks', 'context', 'input', 'output'],
  },
  {
    name: 'serve/board',
    purpose: 'The board: what it shows, its page, and the fragments that keep open pages current.',
    imports: ['plans', 'notices', 'kiosks', 'context', 'output'],
  },
  {
    name: 'notices',
    purpose: 'Notices about problems: the targets in the notify file, what is due, its text and formats.',
    imports: ['plans', 'kiosks', 'cards', 'context', 'input', 'output'],
  },
  {
    name: 'support',
    purpose: 'On call: audit log, incident bundle, doctor, the runbook of the team.',
    imports: ['events', 'cards', 'context', 'input', 'output'],
  },
  {
    name: 'support/journal',
    purpose: 'The commands on the whole journal, in a file or on a server.',
    imports: ['context', 'output'],
  },
  {
    name: 'runs',
    purpose: 'Runs of a scenario for many cards: execution, resuming, clean-up.',
    imports: ['scenarios', 'kiosks', 'cards'],
  },
  {
    name: 'runs/reports',
    purpose: 'The reports of a run, from its records alone: one model, five formats.',
    imports: ['output', 'context', 'domain', 'input'],
  },
  {
    name: 'plans',
    purpose:
      'Detached plans: handing them over, carrying them out in a server, cancelling and approving them.',
    imports: ['kiosks', 'cards', 'context', 'input', 'output'],
  },
  {
    name: 'events',
    purpose: 'Receiving, listing, replaying and importing the events of Wise; subscriptions.',
    imports: ['cards', 'webhooks', 'context', 'input', 'output'],
  },
  {
    name: 'status',
    purpose: 'The status of cards: named ones, selections of the journal, watches.',
    imports: ['kiosks', 'cards', 'context', 'input', 'output'],
  },
  {
    name: 'kiosks',
    purpose: 'Whole kiosks: overview, holds, retries of many cards, recovery.',
    imports: ['cards', 'context', 'input', 'output'],
  },
  {
    name: 'kiosks/retry',
    purpose: 'The plan of a retry of many cards, and carrying it out: canary, locks, results.',
    imports: ['cards', 'context', 'detached', 'domain'],
  },
  {
    name: 'scenarios',
    purpose: 'Scenario files: their schema, their mistakes, and the steps of one card.',
    imports: ['cards', 'input', 'output'],
  },
  {
    name: 'scenarios/steps',
    purpose: 'One definition per step kind: schema, title, needs, action.',
    imports: ['cards', 'input', 'domain'],
  },
  {
    name: 'cards',
    purpose: 'Actions on single cards: order, produce, retry, wait, simulate, cancel; one executor for many.',
    imports: ['context', 'input', 'output'],
  },
  {
    name: 'cards/session',
    purpose:
      'One card while work is in progress: identify it, read it, reconcile, follow its events, send it once.',
    imports: ['context', 'wise', 'journal', 'domain'],
  },
  {
    name: 'context',
    purpose:
      'The ports: interfaces of all that a workflow may see, and the helpers that every workflow needs.',
    imports: ['detached', 'wise', 'journal', 'queue', 'webhooks', 'sandbox', 'domain'],
  },
  {
    name: 'input',
    purpose:
      'Reading what users pass: shared flags with their parsers, YAML and CSV with lines, diagnostics.',
    imports: ['domain'],
    small: {
      'csv.ts': 'Loaded on demand: it contains a whole library.',
      'yaml.ts': 'Loaded on demand: it contains a whole library.',
    },
  },
  {
    name: 'output',
    purpose: 'Building blocks of the output: result, table, style, document, escaped markup.',
    imports: ['domain'],
    small: { 'wrap.ts': 'Loaded on demand: only a terminal needs it, and it contains a whole library.' },
  },
  {
    name: 'wise',
    purpose: 'The client of the Wise API: one function per endpoint, retries, rate limits.',
    imports: ['wire'],
  },
  {
    name: 'journal',
    purpose: 'The durable record: its interface, opening it, the names that completion offers.',
    imports: ['detached', 'queue', 'postgres', 'database', 'domain', 'machine'],
  },
  {
    name: 'journal/tables',
    purpose:
      'One module per table: type, columns, SQL and methods together; the projection of events onto cards.',
    imports: ['journal/servers', 'journal/store', 'domain'],
    closed: true,
  },
  {
    name: 'journal/servers',
    purpose: 'The tables of servers: what waits to be sent.',
    imports: ['detached', 'journal/store', 'domain'],
    closed: true,
  },
  {
    name: 'journal/store',
    purpose: 'What the tables share: writes in groups, the owner of a row, lists of columns, conditions.',
    imports: ['database', 'domain', 'machine'],
    closed: true,
  },
  {
    name: 'journal/tables/migrations',
    purpose: 'The schema of the journal: a list of its versions for each kind of database.',
    imports: [],
    closed: true,
    small: {
      '002-events-listenings.ts': 'A version of the schema, which never changes.',
      '004-audit-trail.ts': 'A version of the schema, which never changes.',
      '005-runs.ts': 'A version of the schema, which never changes.',
      'postgres-triggers.ts': 'Part of a version of the schema, which never changes.',
    },
  },
  {
    name: 'webhooks',
    purpose: 'Receiving, verifying, decoding and forwarding webhooks.',
    imports: ['http', 'wire'],
  },
  {
    name: 'testing',
    purpose: '`kioskctl/testing`: the sandbox for the tests of other projects, and its published types.',
    imports: ['sandbox', 'wire', 'database', 'domain'],
  },
  {
    name: 'sandbox',
    purpose: 'The embedded sandbox: its interface, its server, control endpoint, webhook dispatcher.',
    imports: ['http', 'wire', 'database'],
    never: ['domain/stage', 'domain/guards', 'domain/event-order'],
  },
  {
    name: 'sandbox/api',
    purpose: 'The endpoints of Wise, one file per resource, and the HTTP around them.',
    imports: ['sandbox/state', 'http', 'wire'],
    closed: true,
    never: ['domain/stage', 'domain/guards', 'domain/event-order'],
  },
  {
    name: 'sandbox/state',
    purpose: 'The strict state machine of orders and productions.',
    imports: ['wire'],
    closed: true,
    never: ['domain/stage', 'domain/guards', 'domain/event-order'],
  },
  {
    name: 'sandbox/state/tables',
    purpose: 'The state file, one module per table.',
    imports: ['database', 'wire'],
    closed: true,
    never: ['domain/stage', 'domain/guards', 'domain/event-order'],
  },
  {
    name: 'http',
    purpose: 'HTTP of webhooks and the sandbox: a local server with limits, and sending bytes to a receiver.',
    imports: ['domain'],
  },
  {
    name: 'queue',
    purpose: 'The job queue beside a journal in PostgreSQL: graphile-worker, which is optional.',
    imports: ['postgres', 'domain'],
  },
  {
    name: 'postgres',
    purpose:
      'A database on a PostgreSQL server, with the rules of a file: sessions, transactions, lost connections, notifications.',
    imports: ['database', 'domain'],
  },
  {
    name: 'database',
    purpose: 'The interface of a database; opening, migrating and locking a SQLite file.',
    imports: ['domain', 'machine'],
  },
  {
    name: 'machine',
    purpose:
      'The machine that this process runs on: its boot and clock, its user and folders, its file system, its compiled code.',
    imports: [],
  },
  {
    name: 'wire',
    purpose: 'Schemas of the bodies of Wise and of the control endpoint of the sandbox.',
    imports: ['domain'],
  },
  {
    name: 'detached',
    purpose: 'Pure decisions about detached plans: their states, the evidence of time, the terms of servers.',
    imports: ['domain'],
  },
  {
    name: 'domain',
    purpose: 'Pure decisions about cards, events and runs; the types of what the journal stores.',
    imports: [],
  },
  {
    name: 'domain/times',
    purpose: 'Durations, points in time, the times of Wise.',
    imports: ['domain/errors'],
  },
  {
    name: 'domain/errors',
    purpose: 'The error codes of Wise, our failures, exit codes.',
    imports: ['domain/text'],
  },
  {
    name: 'domain/text',
    purpose: 'Text that is safe to show and to store; redaction.',
    imports: [],
  },
];

const PAGE = fileURLToPath(new URL('../docs/layout.md', import.meta.url));
const GENERATED = /(<!-- folders -->\n)[^]*?(<!-- end of folders -->)/;

/** The text of docs/layout.md with the table of folders as it is here; the prose stays as it is in the file. */
export function makeLayoutPage(): string {
  const rows = FOLDERS.map(({ name, purpose, imports, closed }) => {
    const below = imports.map((one) => `\`${one}\``).join(', ') || 'nothing';
    return `| \`${name}/\` | ${purpose}${closed ? ' *Closed.*' : ''} | ${below} |\n`;
  });
  const table = `| folder | purpose | may import |\n| --- | --- | --- |\n${rows.join('')}`;
  return readFileSync(PAGE, 'utf8').replace(
    GENERATED,
    (_, start: string, end: string) => start + table + end,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(PAGE, makeLayoutPage());
  else process.stdout.write(makeLayoutPage());
}
