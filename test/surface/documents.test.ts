// The shape of each JSON document: which fields, of which types. A change of it is a change of the public interface.
import { globSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { json as jsonReport } from '../../src/runs/reports/json.ts';
import { productionBody } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import {
  HOSTILE,
  hostileCard,
  interruptedCard,
  mixedCards,
  reportOf,
  textOf,
} from '../harness/run-records.ts';
import { schemaErrors, schemaOf } from '../harness/schemas.ts';

/** Words with a fixed meaning. */
const FIXED = new Set([
  'schemaVersion',
  'command',
  'context',
  'environment',
  'exitCode',
  'type',
  'stage',
  'outcome',
  'code',
]);

/** Types instead of values, so that ids and times don't matter; words with a fixed meaning stay. */
function shapeOf(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) {
    if (key === 'nextArgv') return 'string[]';
    const shapes = value.map((one) => shapeOf(one));
    return shapes.filter((shape, index) => JSON.stringify(shape) !== JSON.stringify(shapes[index - 1]));
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shapeOf(inner, name)]));
  }
  return FIXED.has(key) || value === null ? value : typeof value;
}

const user = new User();
let ready = '';
let failed = '';
const eventsFile = join(user.home, 'events.ndjson');
const dataFile = join(user.home, 'cards.csv');
const flowFile = join(user.home, 'flow.yaml');
const FLOW = 'version: 1\nname: unmet\nsteps: [order, wait-ready, {expect: {stage: produced}}, produce]\n';
const runbookFile = join(user.home, 'runbook.yaml');

beforeAll(async () => {
  writeFileSync(dataFile, 'kiosk\nWIS00001\nWIS 1\n');
  writeFileSync(runbookFile, 'version: 1\nproduction: {PRD_HOPPER_DOOR: {owner: us, steps: Close it.}}\n');
  writeFileSync(eventsFile, `${productionBody('PRODUCED')}\nnonsense\n`);
  [ready, failed] = await Promise.all([user.readyCard(), user.readyCard()]);
  await user.run([
    'produce',
    failed,
    '--kiosk',
    'WIS00001',
    '--simulate',
    'PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  ]);
});
afterAll(() => user.leave());

const schemas = new Set<string>();

async function shape(args: string[], env: Record<string, string> = {}): Promise<unknown> {
  const { json } = await user.run([...args, '--json'], { env });
  expect(schemaErrors(json), 'its JSON Schema').toEqual([]);
  schemas.add(schemaOf(json));
  return shapeOf(json);
}

test('order', async () =>
  expect(
    await shape(['order', '--profile-id', '1004'], { KIOSKCTL_SANDBOX_SPEED: '0.001' }),
  ).toMatchSnapshot());
test('order --dry-run', async () => expect(await shape(['order', '--dry-run'])).toMatchSnapshot());
test('order of a profile that is not verified', async () =>
  expect(await shape(['order', '--profile-id', '1002'])).toMatchSnapshot());
test('wait-ready', async () => expect(await shape(['wait-ready', ready])).toMatchSnapshot());
test('wait-ready of several', async () =>
  expect(await shape(['wait-ready', ready, failed])).toMatchSnapshot());
test('wait-produced of a failed card', async () =>
  expect(await shape(['wait-produced', failed])).toMatchSnapshot());
test('status', async () => expect(await shape(['status', failed, '--history'])).toMatchSnapshot());
test('status of several', async () => expect(await shape(['status', failed, ready])).toMatchSnapshot());
test('produce of a failed card', async () =>
  expect(await shape(['produce', failed, '--kiosk', 'WIS00001'])).toMatchSnapshot());
test('retry of several', async () =>
  expect(await shape(['retry', failed, ready, '--yes', '--simulate', 'PRODUCED'])).toMatchSnapshot());
test('simulate --profile-verified', async () =>
  expect(await shape(['simulate', '--profile-verified', '1002'])).toMatchSnapshot());
test('cancel', async () => expect(await shape(['cancel', ready, '--yes'])).toMatchSnapshot());
test('explain', async () => expect(await shape(['explain', 'UNKNOWN_ERROR'])).toMatchSnapshot());
test('explain with a runbook', async () =>
  expect(await shape(['explain', 'PRD_HOPPER_DOOR', '--runbook', runbookFile])).toMatchSnapshot());
test('kiosk recover', async () =>
  expect(
    await shape(['kiosk', 'recover', 'WIS00002', '--yes', '--spoiled', 'unknown', '--attended']),
  ).toMatchSnapshot());
test('runbook init', async () => expect(await shape(['runbook', 'init'])).toMatchSnapshot());
test('runbook check', async () => expect(await shape(['runbook', 'check', eventsFile])).toMatchSnapshot());
test('scenario list', async () => expect(await shape(['scenario', 'list'])).toMatchSnapshot());
test('scenario show', async () => expect(await shape(['scenario', 'show', 'happy-path'])).toMatchSnapshot());
test('scenario schema', async () =>
  expect(await shape(['scenario', 'schema'])).toMatchObject({ schemaVersion: 1, schema: { $id: 'string' } }));
test('scenario check', async () =>
  expect(await shape(['scenario', 'check', 'happy-path', '--data', dataFile])).toMatchSnapshot());
test('run, runs list and runs show', async () => {
  const run = await user.run('run hopper-door --json');
  expect(schemaErrors(run.json), 'its JSON Schema').toEqual([]);
  schemas.add(schemaOf(run.json));
  expect(shapeOf(withOneStage(run.json))).toMatchSnapshot();
  expect(await shape(['runs', 'list'])).toMatchSnapshot();
  const shown = await user.run(['runs', 'show', run.json.run.id, '--json']);
  expect(schemaErrors(shown.json), 'its JSON Schema').toEqual([]);
  schemas.add(schemaOf(shown.json));
  expect(shapeOf(withOneStage(shown.json))).toMatchSnapshot();
});
test('run with an expectation that does not hold', async () => {
  writeFileSync(flowFile, FLOW);
  const { json } = await user.run(['run', flowFile, '--cards', '2', '--keep', '--json']);
  expect(shapeOf(withOneStage(json))).toMatchSnapshot();
});
/** Which stages a card is seen in is a matter of when somebody looks. */
function withOneStage(document: object): unknown {
  return JSON.parse(JSON.stringify(document), (name, value) =>
    name === 'stages' ? value.slice(0, 1).map((one: object) => ({ ...one, stage: 'any' })) : value,
  );
}
test('context list', async () => expect(await shape(['context', 'list'])).toMatchSnapshot());
test('context show', async () => expect(await shape(['context', 'show'])).toMatchSnapshot());
test('context add', async () =>
  expect(
    await shape(['context', 'add', 'lab', '--environment', 'local', '--kiosks', 'A1']),
  ).toMatchSnapshot());
test('context export', async () => expect(await shape(['context', 'export', 'lab'])).toMatchSnapshot());

test('programs', async () => expect(await shape(['programs'])).toMatchSnapshot());
test('orders', async () => expect(await shape(['orders', '--limit', '1'])).toMatchSnapshot());
test('cards', async () => expect(await shape(['cards', '--limit', '1'])).toMatchSnapshot());
test('sandbox advance', async () => expect(await shape(['sandbox', 'advance', '1s'])).toMatchSnapshot());
test('sandbox requirement', async () =>
  expect(await shape(['sandbox', 'requirement', '1003', 'PIN'])).toMatchSnapshot());
test('sandbox fault', async () =>
  expect(await shape(['sandbox', 'fault', '--refuse', 'KIOSK_ID_NOT_FOUND'])).toMatchSnapshot());
test('webhooks create', async () =>
  expect(await shape(['webhooks', 'create', '--url', 'https://hooks.bank.example/'])).toMatchSnapshot());
test('webhooks list', async () => expect(await shape(['webhooks', 'list'])).toMatchSnapshot());
test('webhooks test and delete', async () => {
  const create = ['webhooks', 'create', '--url', 'https://hooks.bank.example/', '--quiet'];
  const [id = ''] = (await user.run(create)).stdout.split('\n');
  expect(await shape(['webhooks', 'test', id])).toMatchSnapshot();
  expect(await shape(['webhooks', 'delete', id])).toMatchSnapshot();
});
test('events import', async () =>
  expect(
    await shape(['events', 'import', eventsFile, '--unverified', '--environment', 'sandbox']),
  ).toMatchSnapshot());
test('events list', async () =>
  expect(await shape(['events', 'list', '--since', '1h', '--environment', 'sandbox'])).toMatchSnapshot());
test('events show', async () =>
  expect(await shape(['events', 'show', '1', '--environment', 'sandbox'])).toMatchSnapshot());
test('events replay', async () =>
  expect(
    await shape(['events', 'replay', '1', '--to', 'http://127.0.0.1:1/', '--environment', 'sandbox']),
  ).toMatchSnapshot());
test('events export', async () =>
  expect(await shape(['events', 'export', '--environment', 'sandbox'])).toMatchSnapshot());
test('events tail', async () =>
  expect(
    await shape(['events', 'tail', '--after', '0', '--limit', '1', '--environment', 'sandbox']),
  ).toMatchSnapshot());
test('events verify', async () =>
  expect(
    await shape(['events', 'verify', eventsFile, '--signature', 'AAAA', '--environment', 'sandbox']),
  ).toMatchSnapshot());
test('log', async () => expect(await shape(['log', '--limit', '1'])).toMatchSnapshot());
test('incident', async () => expect(await shape(['incident', failed])).toMatchSnapshot());
test('events prune', async () =>
  expect(
    await shape(['events', 'prune', '--older-than', '90d', '--environment', 'sandbox']),
  ).toMatchSnapshot());
test('kiosk list', async () => expect(await shape(['kiosk', 'list', 'WIS00001'])).toMatchSnapshot());

test('kiosk show', async () => expect(await shape(['kiosk', 'show', 'WIS00001'])).toMatchSnapshot());

test('version', async () => expect(await shape(['version'])).toMatchSnapshot());
test('status of a selection', async () =>
  expect(
    await shape(['status', '--kiosk', 'WIS00001', '--stage', 'produced', '--cached']),
  ).toMatchSnapshot());
test('kiosk hold and release', async () => {
  expect(await shape(['kiosk', 'hold', 'WIS00003', '--reason', 'why'])).toMatchSnapshot();
  expect(await shape(['kiosk', 'release', 'WIS00003'])).toMatchSnapshot();
});
test('journal show, backup and restore', async () => {
  const file = join(user.home, 'backup.db');
  expect(await shape(['journal', 'backup', file])).toMatchSnapshot();
  expect(await shape(['journal', 'restore', file, '--yes'])).toMatchSnapshot();
  expect(await shape(['journal', 'show'])).toMatchSnapshot();
});
test('a usage mistake', async () =>
  expect(await shape(['produce', '--kisok', 'WIS00001'])).toMatchSnapshot());
test('an unknown command', async () => expect(await shape(['prodcue'])).toMatchSnapshot());

test('whoami', async () => expect(await shape(['whoami'])).toMatchSnapshot());
test('logout', async () => expect(await shape(['logout', '--environment', 'sandbox'])).toMatchSnapshot());
test('doctor', async () => expect(await shape(['doctor', '--offline'])).toMatchSnapshot());

test('the report of a run', async () => {
  const text = await textOf(jsonReport(await reportOf([...mixedCards(), interruptedCard(8)])));
  expect(shapeOf(JSON.parse(text))).toMatchSnapshot();
});

test('the report of a run is one document, a card a line, whatever is in it', async () => {
  const given = [hostileCard(1), ...mixedCards()].map((card, index) => ({ ...card, number: index + 1 }));
  const text = await textOf(jsonReport(await reportOf(given)));
  const { schemaVersion, run, totals, cards } = JSON.parse(text);
  expect({ schemaVersion, scenario: run.scenario, passed: totals.cards.passed }).toEqual({
    schemaVersion: 1,
    scenario: 'hopper-door',
    passed: 3,
  });
  expect(cards).toHaveLength(8);
  expect(cards[0].steps[0]).toMatchObject({ title: HOSTILE, startedAt: '2026-11-22T10:00:00.250Z' });
  expect(cards[0].steps[0]).not.toHaveProperty('attemptsBefore');
  expect(text.trimEnd().split('\n')).toHaveLength(10);
  expect(text).not.toContain('\u202e');
  // Those that it had not come to are told, too.
  const none = JSON.parse(await textOf(jsonReport(await reportOf([], { cards: 2 }))));
  expect(none.cards).toMatchObject([
    { number: 1, outcome: 'not-started' },
    { number: 2, outcome: 'not-started' },
  ]);
});

test('every schema of schemas/output is the schema of a document', () => {
  const files = globSync('schemas/output/*.json').map((file) => basename(file));
  expect(files.toSorted()).toEqual([...schemas].toSorted());
});

test('a document that lacks a field, or has one of another type, is not valid', () => {
  const document = { schemaVersion: 1, command: 'status', context: null, environment: null, exitCode: 0 };
  expect(schemaErrors(document)).toEqual([]);
  expect(schemaErrors({ ...document, exitCode: '0' })).not.toEqual([]);
  expect(schemaErrors({ ...document, card: {} })).not.toEqual([]);
});
