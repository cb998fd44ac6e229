// The JSON documents of all commands: their schemas, and the examples of docs/json.md, which come from these runs.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOCUMENTS } from '../../scripts/output/documents.ts';
import { describeDocuments, type Examples, examplesIn } from '../../scripts/output/json-page.ts';
import { makeOutputSchemas, schemaName } from '../../scripts/output-schemas.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { json as jsonReport } from '../../src/runs/reports/json.ts';
import { productionBody } from '../harness/events.ts';
import { firstExample, MANIFEST, READING } from '../harness/manifest.ts';
import { newAddress, obstacle, testWithPostgres } from '../harness/postgres.ts';
import { User } from '../harness/program.ts';
import {
  HOSTILE,
  hostileCard,
  interruptedCard,
  mixedCards,
  reportOf,
  textOf,
} from '../harness/run-records.ts';
import { freshest, withoutMachine } from '../harness/samples.ts';
import { schemaErrors } from '../harness/schemas.ts';
import { ListenerProcess, readyLine } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';
import { variablesOf } from '../postgres/users.ts';
import { exampleOf } from './json-examples.ts';

const ROOT = join(import.meta.dirname, '../..');
const PAGE = join(ROOT, 'docs/json.md');
const GENERATED = /(<!-- documents -->\n)[^]*?(<!-- end of documents -->)/;

const user = new User();
const files = {
  events: join(user.home, 'events.ndjson'),
  data: join(user.home, 'cards.csv'),
  flow: join(user.home, 'flow.yaml'),
  runbook: join(user.home, 'runbook.yaml'),
  backup: join(user.home, 'backup.db'),
  moved: join(user.home, 'old.db'),
  report: join(user.home, 'report.json'),
  incident: join(user.home, 'incident.md'),
  notify: join(user.home, 'notify.yaml'),
};
const FLOW = 'version: 1\nname: unmet\nsteps: [order, wait-ready, {expect: {stage: produced}}, produce]\n';
const HOOK = 'https://hooks.bank.example/';
let [ready, failed, run, subscription] = ['', '', '', ''];

beforeAll(async () => {
  writeFileSync(files.data, 'kiosk\nWIS00001\nWIS 1\n');
  writeFileSync(files.flow, FLOW);
  writeFileSync(files.runbook, 'version: 1\nproduction: {PRD_HOPPER_DOOR: {owner: us, steps: Close it.}}\n');
  writeFileSync(files.events, `${productionBody('PRODUCED')}\nnonsense\n`);
  ready = await user.readyCard();
  failed = await user.readyCard();
  await user.run(`produce ${failed} --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR`);
});
afterAll(() => user.leave());

/** The number of the fields that all documents have. */
const COMMON = 5;

// oxlint-disable-next-line typescript/no-explicit-any -- documents of many shapes
type Document = any;

const examples = new Map<string, { command: string; document: string }>();

/** Stores a document as the example of a kind of documents of its command. */
function store(key: string, command: string, document: Document): void {
  const [name = ''] = key.split(', ');
  expect(document).toMatchObject({ schemaVersion: 1, command: name });
  expect(schemaErrors(document)).toEqual([]);
  const own = Object.keys(document).slice(COMMON);
  expect(own, JSON.stringify(document.error)).not.toEqual(['error']);
  const line = withoutMachine(command, user.home).replaceAll('/home/ada/', '');
  examples.set(key, { command: line, document: withoutMachine(exampleOf(document), user.home) });
}

/** Runs a command for its document. */
async function sample(key: string, args: string): Promise<Document> {
  // An order stays as it was placed, however long the command takes.
  const env = args === 'order' ? { KIOSKCTL_SANDBOX_SPEED: '0.001' } : {};
  const { json } = await user.run(`${args} --json`, { env });
  store(key, `kioskctl ${args} --json`, json);
  return json;
}

/** The examples of docs/json.md whose command line needs nothing of an earlier scene. */
const SCENES: readonly (readonly [key: string, args: string | (() => string)])[] = [
  ['order, card', 'order'],
  ['order, dry run', 'order --dry-run'],
  ['wait-ready, card', () => `wait-ready ${ready}`],
  ['wait-ready, cards', () => `wait-ready ${ready} ${failed}`],
  ['wait-produced, card', () => `wait-produced ${failed}`],
  ['wait-produced, cards', () => `wait-produced ${failed} 1001/99`],
  ['status, card', () => `status ${failed} --history`],
  ['produce, card', () => `produce ${ready} --kiosk WIS00001`],
  ['produce, cards', () => `produce ${failed} ${ready} --kiosk WIS00001`],
  ['simulate, card', () => `simulate ${ready} --status PRODUCTION_ERROR --error-code PRT_PAUSED`],
  ['simulate, cards', () => `simulate ${ready} ${failed} --status PRODUCED`],
  ['simulate, profile', 'simulate --profile-verified 1002'],
  ['retry, dry run', 'retry --kiosk WIS00001 --dry-run'],
  ['kiosk recover, dry run', 'kiosk recover WIS00001 --dry-run'],
  ['kiosk list, document', 'kiosk list'],
  ['kiosk list, of named kiosks', 'kiosk list WIS00001'],
  ['retry, card', () => `retry ${ready} --yes --simulate PRODUCTION_ERROR:PRT_PAUSED`],
  ['retry, cards', () => `retry ${ready} ${failed} --yes --simulate PRODUCTION_ERROR:PRT_PAUSED`],
  ['retry, selection', 'retry --kiosk WIS00001 --yes --attended --simulate PRODUCTION_ERROR:PRT_PAUSED'],
  ['kiosk show, document', 'kiosk show WIS00001'],
  [
    'kiosk recover, document',
    'kiosk recover WIS00001 --yes --rejected unknown --attended --simulate PRODUCED',
  ],
  ['status, cards', 'status --kiosk WIS00001 --cached'],
  ['kiosk hold, document', 'kiosk hold WIS00003 --reason door'],
  ['kiosk release, document', 'kiosk release WIS00003'],
  ['cancel, card', () => `cancel ${ready} --yes`],
  ['cancel, cards', () => `cancel ${ready} ${failed} --yes`],
  ['explain, document', () => `explain PRD_HOPPER_DOOR --runbook ${files.runbook}`],
  ['runbook init, document', 'runbook init'],
  ['runbook check, document', () => `runbook check ${files.runbook}`],
  ['log, document', 'log --kiosk WIS00003 --limit 1'],
  ['incident, document', () => `incident ${failed}`],
  ['incident, file', () => `incident ${failed} --output ${files.incident}`],
  ['orders, document', 'orders --limit 1'],
  ['cards, document', 'cards --limit 1'],
  ['webhooks create, document', `webhooks create --url ${HOOK}`],
  ['webhooks list, document', 'webhooks list'],
  ['sandbox advance, document', 'sandbox advance 1s'],
  ['sandbox requirement, document', 'sandbox requirement 1003 PIN'],
  ['sandbox fault, document', 'sandbox fault --refuse KIOSK_ID_NOT_FOUND'],
  ['scenario show, document', 'scenario show happy-path'],
  ['scenario check, document', () => `scenario check happy-path --data ${files.data}`],
  ['events import, document', () => `events import ${files.events} --unverified --environment sandbox`],
  ['events list, document', 'events list --since 1h --environment sandbox'],
  ['events show, document', 'events show 1 --environment sandbox'],
  ['events replay, document', 'events replay 1 --to http://127.0.0.1:1/ --environment sandbox'],
  ['events export, document', 'events export --environment sandbox'],
  ['events tail, event', 'events tail --after 0 --limit 1 --environment sandbox'],
  ['events verify, document', () => `events verify ${files.events} --signature AAAA --environment sandbox`],
  ['events prune, document', 'events prune --older-than 90d --environment sandbox'],
  ['journal show, document', 'journal show'],
  ['journal backup, document', () => `journal backup ${files.backup}`],
  ['journal restore, document', () => `journal restore ${files.backup} --yes`],
  ['context list, document', 'context list'],
  ['context add, document', 'context add lab --environment local --kiosks A1'],
  ['context set, document', 'context set kiosk A1 --context lab'],
  ['context unset, document', 'context unset kiosk --context lab'],
  ['context use, document', 'context use lab'],
  ['context export, document', 'context export lab'],
  ['context remove, document', 'context remove lab'],
  ['logout, document', 'logout --environment sandbox'],
  ['doctor, document', 'doctor --offline'],
  ['completion, document', 'completion bash'],
  ['sandbox reset, document', 'sandbox reset'],
];

/** Commands that are run further below. */
const LATER = ['runs list', 'runs show', 'runs approve', 'runs cancel'];
const scened = new Set([...SCENES.map(([key]) => key.split(', ')[0]), ...LATER]);
/** A command that only reads, and has no scene of its own, is run as its first example. */
const OTHERS = READING.map((id) => [id, id.replaceAll(':', ' ')] as const).filter(
  ([, name]) => !scened.has(name),
);

test.each(OTHERS)('the document of the first example of “%s” is valid by its schema', async (id, name) => {
  await sample(`${name}, document`, firstExample(id, failed));
});

test.each(SCENES)('the document “%s” is valid by its schema', async (key, args) => {
  await sample(key, typeof args === 'string' ? args : args());
});

test('the documents of runs are valid by their schemas', async () => {
  const { run: made } = await sample('run, document', `run happy-path --report json=${files.report}`);
  run = made.id;
  store('run, report', `cat ${files.report}`, JSON.parse(readFileSync(files.report, 'utf8')));
  await sample('runs list, document', 'runs list');
  await sample('runs show, document', `runs show ${run}`);
  const { json } = await user.run(`run ${files.flow} --cards 2 --keep --json`);
  expect(json).toMatchObject({ exitCode: 11, totals: { outcome: 'unmet' } });
});

/** True for the lease with which a server announces that it accepts plans. */
const isOfServer = ({ subject }: { subject: string }) => subject.startsWith('plans ');

test('the documents of detached plans are valid by their schemas', async () => {
  const journal = openSqliteJournal({
    file: join(user.home, 'journal.db'),
    environment: 'local',
    now: () => Date.now(),
  });
  // A server announces its terms, and another one with the same terms leaves the plans as they are.
  const server = await ListenerProcess.serve(user.env, '--accept-plans');
  await expect
    .poll(async () => (await journal.listLeases()).some(isOfServer), { timeout: 20_000 })
    .toBe(true);
  const leases = (await journal.listLeases()).filter(isOfServer).map(({ subject }) => subject);
  await server.end();
  await journal.takeLeases(leases, 'serve');
  for (const kiosk of ['WIS00001', 'WIS00002'])
    await user.run(
      `produce ${await user.readyCard()} --kiosk ${kiosk} --simulate PRODUCTION_ERROR:PRT_PAUSED`,
    );
  const how = '--yes --attended --detach --reason door';
  await sample('kiosk recover, detached', `kiosk recover WIS00001 --rejected unknown ${how}`);
  const { detached } = await sample('retry, detached', `retry --kiosk WIS00002 ${how}`);
  const { id } = detached;
  await sample('runs show, plan', `runs show ${id}`);
  const clocks = { boot: '', uptime: 0, calendar: 0, vendor: null, observed: 0 };
  await journal.changePlan(id, clocks, () => ({
    state: 'paused',
    cause: 'Its server was away for over a minute.',
  }));
  await sample('runs approve, document', `runs approve ${id} --yes --attended --reason door`);
  await sample('runs cancel, document', `runs cancel ${id} --reason smoke`);
  await journal.close();
}, 60_000);

test('the documents of subscriptions are valid by their schemas', async () => {
  const created = await user.run(`webhooks create --url ${HOOK} --quiet`);
  [subscription = ''] = created.stdout.split('\n');
  await sample('webhooks test, document', `webhooks test ${subscription}`);
  await sample('webhooks delete, document', `webhooks delete ${subscription}`);
});

test('the document of a test notice is valid by its schema', async () => {
  const receiver = await Receiver.open();
  writeFileSync(files.notify, `targets: [{name: on-call, format: slack, url: '${receiver.url}'}]\n`, {
    mode: 0o600,
  });
  await sample('notify test, document', `notify test on-call --notify-file ${files.notify}`);
});

test('the documents of servers are valid by their schemas', async () => {
  const sandbox = await readyLine(user, ['sandbox', '--port', '0', '--state', ':memory:']);
  store('sandbox, document', 'kioskctl sandbox --port 0 --json', sandbox.line);
  await sandbox.end();
  for (const command of ['listen', 'serve'] as const) {
    const server = command === 'listen' ? ListenerProcess.start(user.env) : ListenerProcess.serve(user.env);
    const kinds = await documentsOf(await server);
    for (const [kind, line] of Object.entries(kinds))
      store(`${command}, ${kind}`, `kioskctl ${command} --json`, line);
  }
}, 60_000);

async function documentsOf(listener: ListenerProcess): Promise<Record<string, Document>> {
  await fetch(listener.url, { method: 'POST', body: '{}' });
  await user.run('order');
  const event = listener.line('event', ({ status }) => status === 'REQUIREMENTS_FULFILLED');
  const lines = ['ready', 'catch-up', 'refused', 'log'].map((type) => listener.line(type));
  const [first, caughtUp, notice, log] = await Promise.all(lines);
  const seen = await event;
  listener.child.kill('SIGTERM');
  const end = await listener.line('end');
  return { ready: first, 'catch-up': caughtUp, event: seen, notice, log, end };
}

test('the document of a login is valid by its schema', async () => {
  const args = 'login --with-client --client-id my-bank --plain-file --environment sandbox';
  const sandbox = await readyLine(user, ['sandbox', '--port', '0', '--state', ':memory:']);
  const env = { KIOSKCTL_BASE_URL: sandbox.line.url };
  const { json } = await user.run(`${args} --json`, { env, input: 'client-secret' });
  await sandbox.end();
  store('login, document', `kioskctl ${args} --json < client-secret`, json);
});

/** Documents of commands that need a journal in PostgreSQL. */
const OF_SERVERS = {
  'journal create, document': 'journal create',
  'journal upgrade, document': 'journal upgrade',
  'journal move, document': `journal move --from ${files.moved} --yes`,
  'journal restored, document': 'journal restored --yes',
};

testWithPostgres('the documents of a journal in PostgreSQL are valid by their schemas', async () => {
  const address = newAddress();
  const env = { ...variablesOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password() };
  await user.run(`journal backup ${files.moved}`);
  for (const [key, args] of Object.entries(OF_SERVERS)) {
    const { stdout } = await user.run(`${args} --json`, { env });
    const text = stdout
      .replaceAll(
        new RegExp(`${address.user}@127.0.0.1:${address.port}/${address.database}`, 'g'),
        'kioskctl@db.bank.example/kioskctl',
      )
      .replaceAll(address.schema, 'kioskctl');
    store(key, `kioskctl ${args} --json`, JSON.parse(text));
  }
});

/** Documents that take a reader who is too slow. */
const WITHOUT_EXAMPLE = ['listen, unshown', 'serve, unshown', 'events tail, unshown', 'sandbox, log'];

test('docs/json.md describes every document, with an example from these runs', async () => {
  const kinds = Object.entries(DOCUMENTS).flatMap(([command, documents]) =>
    Object.keys(documents.kinds).map((kind) => `${command}, ${kind}`),
  );
  const page = readFileSync(PAGE, 'utf8');
  const known = examplesIn(page);
  for (const key of obstacle === null ? [] : Object.keys(OF_SERVERS)) {
    const example = known.get(key);
    if (example) examples.set(key, example);
  }
  expect([...examples.keys(), ...WITHOUT_EXAMPLE].toSorted()).toEqual(kinds.toSorted());
  const documents = describeDocuments(freshExamples(known));
  await expect(page.replace(GENERATED, (_, start, end) => `${start}${documents}${end}`)).toMatchFileSnapshot(
    PAGE,
  );
});

/** A number with more digits may break lines elsewhere. */
function withoutSpaces(document: string): string {
  return document.replaceAll(/\s+/g, '');
}

/** The examples of these runs. One that differs in ids and times only is not written again. */
function freshExamples(known: Examples): Examples {
  return new Map(
    [...examples].map(([key, { command, document }]) => {
      const old = known.get(key);
      return [
        key,
        {
          command: freshest(old?.command, command),
          document: freshest(old?.document, document, withoutSpaces),
        },
      ];
    }),
  );
}

test('every command has a schema, and the schemas are current (npm run manifest)', () => {
  const names = Object.keys(MANIFEST).map((id) => id.replaceAll(':', ' '));
  expect(Object.keys(DOCUMENTS).toSorted()).toEqual(names.toSorted());
  const written = globSync(join(ROOT, 'schemas/output/*.json')).map((file) => [
    basename(file),
    JSON.parse(readFileSync(file, 'utf8')),
  ]);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(makeOutputSchemas()));
  expect(written.map(([name]) => name)).toContain(schemaName('kiosk list'));
});

test('a document that lacks a field, has one more, or has one of another type is not valid', () => {
  const document = { schemaVersion: 1, command: 'version', context: null, environment: null, exitCode: 0 };
  const version = { ...document, version: '0.1.0', platform: 'linux x64', node: '24.21.0' };
  expect(schemaErrors(version)).toEqual([]);
  expect(schemaErrors(document)).not.toEqual([]);
  expect(schemaErrors({ ...version, exitCode: '0' })).not.toEqual([]);
  expect(schemaErrors({ ...version, more: 1 })).not.toEqual([]);
  expect(schemaErrors({ ...version, command: 'no such command' })).toEqual([
    'there is no schema no-such-command.json',
  ]);
});

test('the document of an unknown command is an error with no command', async () => {
  const { json } = await user.run('prodcue --json');
  expect(json).toMatchObject({ command: null, exitCode: 2, error: { code: 'unknown-command' } });
  expect(schemaErrors(json)).toEqual([]);
});

test('the report of a run is one document, a card a line, whatever is in it', async () => {
  const given = [hostileCard(1), ...mixedCards(), interruptedCard(8)];
  const numbered = given.map((card, index) => ({ ...card, number: index + 1 }));
  const text = await textOf(jsonReport(await reportOf(numbered)));
  const report = JSON.parse(text);
  expect(schemaErrors(report)).toEqual([]);
  const { schemaVersion, run: made, totals, cards } = report;
  expect({ schemaVersion, scenario: made.scenario, passed: totals.cards.passed }).toEqual({
    schemaVersion: 1,
    scenario: 'hopper-door',
    passed: 3,
  });
  expect(cards[0].steps[0]).toMatchObject({ title: HOSTILE, startedAt: '2026-11-22T10:00:00.250Z' });
  expect(cards[0].steps[0]).not.toHaveProperty('attemptsBefore');
  expect(text.trimEnd().split('\n')).toHaveLength(2 + numbered.length);
  expect(text).not.toContain('\u202e');
  // Cards that the run did not reach are reported, too.
  const none = JSON.parse(await textOf(jsonReport(await reportOf([], { cards: 2 }))));
  expect(none.cards).toMatchObject([
    { number: 1, outcome: 'not-started' },
    { number: 2, outcome: 'not-started' },
  ]);
});
