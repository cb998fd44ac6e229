import { type Interfaces, Parser } from '@oclif/core';
import { expect, onTestFinished, test, vi } from 'vitest';
import { produce } from '../../src/cards/produce.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { ProduceField, ProduceSettings } from '../../src/domain/production.ts';
import type { Client } from '../../src/wise/client.ts';
import { OneCard } from '../harness/cards.ts';

const kioskId = parseKioskId('WIS00001');
const CB_TIME = { status: 'PRODUCTION_ERROR', errorCode: 'CB_TIME' } as const;

/** Makes a client note the bodies of produce requests. It sends nothing of them that the sandbox does not know. */
function noting(client: Client, bodies: unknown[]): Client {
  const open = client.open.bind(client);
  client.open = async (...request) => {
    const connection = await open(...request);
    const go = connection.go.bind(connection);
    connection.go = async (body) => {
      bodies.push(body);
      return go({ kioskId });
    };
    return connection;
  };
  return client;
}

test('produce and retry send every field of the request that they were asked for', async () => {
  const card = await OneCard.open();
  onTestFinished(async () => card.world.close());
  const bodies: unknown[] = [];
  const context = { wise: noting(card.world.client(), bodies) };
  const settings = { copies: 1 } as ProduceSettings;
  const options = { targets: [card.target], kioskId, settings, wait: true, simulation: CB_TIME };
  await produce(card.world.context(context), options);
  await card.repeat({ settings, context });
  expect(bodies).toEqual([
    { copies: 1, kioskId },
    { copies: 1, kioskId },
  ]);
});

/** A field that Wise does not have. */
const batchId: ProduceField<string> = {
  flag: 'batch',
  helpValue: 'TEXT',
  summary: 'Batch of the cards.',
  parse: (text) => text.toUpperCase(),
};

/** Loads the modules anew, with one more declared field. */
async function declareBatch(): Promise<void> {
  vi.resetModules();
  onTestFinished(() => void vi.resetModules());
  const { PRODUCE_FIELDS } = await import('../../src/domain/production.ts');
  Object.assign(PRODUCE_FIELDS, { batchId });
}

test.each([
  ['produce', async () => import('../../src/commands/produce.ts')],
  ['retry', async () => import('../../src/commands/retry.ts')],
  ['kiosk recover', async () => import('../../src/commands/kiosk/recover.ts')],
])('%s has a flag for each declared field of the produce request', async (_, load) => {
  await declareBatch();
  const flags: Interfaces.FlagInput = (await load()).default.flags;
  const { toProduceOptions } = await import('../../src/input/produce-flags.ts');
  const settingsOf = async (argv: string[]) =>
    toProduceOptions({ wait: false, ...(await Parser.parse(argv, { flags, strict: false })).flags }).settings;
  expect(flags).toHaveProperty('batch.summary', batchId.summary);
  expect(await settingsOf(['--batch', ' b7 '])).toEqual({ batchId: 'B7' });
  expect(await settingsOf([])).toEqual({});
});

test('the steps produce and retry send each declared field of the produce request', async () => {
  await declareBatch();
  const { DOOR, ORDER, READY, RESULT, RunWorld } = await import('../runs/run-world.ts');
  const runs = await RunWorld.open();
  onTestFinished(async () => runs.world.close());
  const bodies: unknown[] = [];
  const wise = noting(runs.world.client(), bodies);
  const sent = { kind: 'produce', fields: { kiosk: 'WIS00001', batch: 'b7' } } as const;
  const sentAgain = { kind: 'retry', fields: { 'to-kiosk': 'WIS00001', batch: 8 } } as const;
  const failed = { ...RESULT, onFailure: 'continue' } as const;
  await runs.run([ORDER, READY, sent, DOOR, failed, sentAgain], {}, { wise });
  expect(bodies).toEqual([
    { batchId: 'B7', kioskId },
    { batchId: '8', kioskId },
  ]);
});

test('the command of the hint after an interrupted produce or retry has the flag of each declared field', async () => {
  await declareBatch();
  const { OneCard: FreshCard } = await import('../harness/cards.ts');
  const { failure } = await import('../../src/domain/errors/failure.ts');
  const { produce: freshProduce } = await import('../../src/cards/produce.ts');
  const card = await FreshCard.open();
  onTestFinished(async () => card.world.close());
  await card.fail();
  const options = { settings: { batchId: 'B7' } as ProduceSettings, wait: false, simulation: null };
  const interrupted = () => {
    const signal = new AbortController();
    const wise = card.world.client();
    wise.read = async () => {
      signal.abort(failure('interrupted', 'Interrupted.', 'h'));
      throw signal.signal.reason;
    };
    return { wise, signal: signal.signal };
  };
  const context = card.world.context(interrupted());
  const [produced] = await freshProduce(context, { ...options, targets: [card.target], kioskId });
  expect(produced?.error?.hint).toContain('--kiosk WIS00001 --batch B7 --context');
  const repeated = await card.repeat({ ...options, context: interrupted() });
  expect(repeated.error?.hint).toContain(`${card.target.cardToken} --batch B7 --context`);
});
