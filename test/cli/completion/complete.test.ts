import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { complete } from '../../../src/cli/completion/complete.ts';
import { type CardToken, type KioskId, parseCardToken, parseKioskId } from '../../../src/domain/ids.ts';
import { openSqliteJournal } from '../../../src/journal/open-journal.ts';
import { makeHome } from '../../harness/command-line.ts';

const ROOT = join(import.meta.dirname, '../../..');
const TOKEN = parseCardToken('bb7d9be0-eae3-4945-90a7-32951961c9f5');
const OTHER = parseCardToken('cc7d9be0-eae3-4945-90a7-32951961c9f5');

const SETTINGS = {
  version: 2,
  contexts: { ci: { environment: 'sandbox', profileId: 2001, kiosks: ['CI000001'] } },
};

let home = '';
beforeEach(() => use(makeHome(SETTINGS)));

/** Another home for the rest of a test. */
function use(folder: string): void {
  home = folder;
  const { KIOSKCTL_HOME } = process.env;
  process.env.KIOSKCTL_HOME = folder;
  onTestFinished(() => void (process.env.KIOSKCTL_HOME = KIOSKCTL_HOME));
}

async function offered(...words: string[]): Promise<string[]> {
  const text = await complete(['--', ...words], ROOT);
  return text.split('\n').slice(0, -1);
}

async function know(environment: string, cardToken: CardToken, kioskId: KioskId): Promise<void> {
  const journal = openSqliteJournal({ file: join(home, 'journal.db'), environment, now: () => 1_000 });
  const card = { profileId: 1001, orderId: 501, cardToken };
  await journal.rememberCard({ ...card, cardCreatedAt: null, deliveryOption: null }, 1_000);
  await journal.takeLeases([`card ${cardToken}`], 'send');
  await journal.claim({ ...card, kioskId, reason: null, at: 1_000 });
  await journal.close();
}

test('completion offers the cards and kiosks of the selected environment', async () => {
  await know('local', TOKEN, parseKioskId('LOC00009'));
  await know('sandbox', OTHER, parseKioskId('SBX00001'));
  expect(await offered('status', '')).toEqual([`1001/${TOKEN}\torder 501`]);
  expect(await offered('--context', 'ci', 'status', '')).toEqual([`1001/${OTHER}\torder 501`]);
  expect(await offered('status', '--environment=sandbox', '')).toEqual([`1001/${OTHER}\torder 501`]);
  expect(await offered('produce', '--kiosk', 'LOC')).toEqual(['LOC00009']);
  expect(await offered('produce', '--context', 'ci', '--kiosk', '')).toEqual(['CI000001', 'SBX00001']);
});

test('completion offers a card in the form in which the user began to type it', async () => {
  await know('local', TOKEN, parseKioskId('LOC00009'));
  expect(await offered('status', '1001/5')).toEqual(['1001/501\torder 501']);
  expect(await offered('status', '50')).toEqual(['501\torder 501']);
  expect(await offered('status', 'bb7d')).toEqual([`${TOKEN}\torder 501`]);
  expect(await offered('status', '1002/')).toEqual([]);
});

test('completion offers the built-in scenarios', async () => {
  expect(await offered('scenario', 'show', 'h')).toEqual(['happy-path', 'hopper-door']);
  expect(await offered('run', 'lost')).toEqual(['lost-answer']);
});

test('completion offers contexts, codes, commands and flags', async () => {
  expect(await offered('context', 'use', '')).toEqual([
    'ci\tsandbox',
    'local\tlocal',
    'sandbox\tsandbox',
    'production\tproduction',
  ]);
  expect(await offered('explain', 'PRD_HOPPER_DOOR')).toEqual(['PRD_HOPPER_DOOR\tThe hopper door is open.']);
  expect(await offered('wait-r')).toEqual([expect.stringMatching(/^wait-ready\t/)]);
  expect(await offered('order', '--dry')).toEqual([expect.stringMatching(/^--dry-run\t/)]);
});

test.each([
  ['settings that can’t be read', '{'],
  ['settings of a newer version', { version: 99 }],
])('completion prints nothing for %s', async (_, settings) => {
  use(makeHome(settings));
  expect(await offered('context', 'use', '')).toEqual([]);
  expect(await offered('status', '')).toEqual([]);
  expect(await offered('wait-r')).toHaveLength(1);
});

test('completion only reads the journal: it creates none, and leaves other files alone', async () => {
  expect(await offered('status', '')).toEqual([]);
  const file = join(home, 'journal.db');
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, 'not a database at all, but something of somebody');
  const { mtimeMs } = statSync(file);
  expect(await offered('status', '')).toEqual([]);
  expect(statSync(file).mtimeMs).toBe(mtimeMs);
});
