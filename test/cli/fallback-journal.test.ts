import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openFallbackJournal } from '../../src/cli/command-journal.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openJournalFile, openSqliteJournal } from '../../src/journal/open-journal.ts';

const TOKEN = parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52');
const CARD = { profileId: 1001, orderId: 501, cardToken: TOKEN, cardCreatedAt: null, deliveryOption: null };

let file: string;
let warnings: string[];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-fallback-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  file = join(folder, 'journal.db');
  warnings = [];
});

function open(): Journal {
  return openFallbackJournal({
    open: () => openJournalFile({ file }),
    environment: 'local',
    now: () => 1_000,
    warn: (text) => warnings.push(text),
  });
}

function damage(): void {
  writeFileSync(file, 'not a database, but long enough to be read as one. '.repeat(100));
}

const LISTS: [keyof Journal, (journal: Journal) => Promise<unknown>][] = [
  ['listCards', async (journal) => journal.listCards()],
  ['listCardStates', async (journal) => journal.listCardStates({})],
  ['listCardsAt', async (journal) => journal.listCardsAt(parseKioskId('WIS00001'), { since: 0, until: 1 })],
  ['listKiosks', async (journal) => journal.listKiosks()],
  ['listHolds', async (journal) => journal.listHolds()],
  ['listActions', async (journal) => journal.listActions({})],
  ['listRuns', async (journal) => journal.listRuns(1)],
  ['findRun', async (journal) => journal.findRun('a')],
  ['listRunCards', async (journal) => journal.listRunCards('a', { after: 0, limit: 1 })],
];

test('a journal that can be used is used, without a warning', async () => {
  const journal = open();
  await journal.rememberCard(CARD, 1_000);
  await journal.close();
  const other = openSqliteJournal({ file, environment: 'local', now: () => 1_000 });
  expect(await other.listCards()).toMatchObject([{ cardToken: TOKEN }]);
  await other.close();
  expect(warnings).toEqual([]);
});

describe('a journal that cannot be used', () => {
  test('an unusable journal is replaced by an empty one for single cards, with one warning', async () => {
    damage();
    const journal = open();
    expect(await journal.findCard(CARD)).toBeNull();
    await journal.rememberCard(CARD, 1_000);
    expect(await journal.findCard(CARD)).toMatchObject({ orderId: 501 });
    expect(await journal.latestAttempt(TOKEN)).toBeNull();
    expect(await journal.listEvents({})).toEqual([]);
    await journal.close();
    expect(warnings).toEqual([
      expect.stringMatching(/journal\.db is not a database\. Continuing without it/),
    ]);
  });

  test('an unusable journal causes a warning before a slow command ends', async () => {
    damage();
    const journal = open();
    await journal.findCard(CARD);
    await expect.poll(() => warnings).toHaveLength(1);
    await journal.close();
    expect(warnings).toHaveLength(1);
  });

  test('an unusable journal is used again once it is usable', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    damage();
    const journal = open();
    expect(await journal.latestEventId()).toBe(0);
    await expect.poll(() => warnings).toHaveLength(1);
    rmSync(file);
    const other = openSqliteJournal({ file, environment: 'local', now: () => 1_000 });
    await other.rememberCard(CARD, 1_000);
    await other.close();
    expect(await journal.findCard(CARD)).toBeNull();
    vi.advanceTimersByTime(2_000);
    await expect.poll(async () => journal.findCard(CARD)).toMatchObject({ orderId: 501 });
    expect(await journal.listCards()).toHaveLength(1);
    await journal.close();
    expect(warnings).toEqual([
      expect.stringMatching(/Continuing without it/),
      'The journal is usable again.',
    ]);
  });

  test.each(LISTS)('an unusable journal is an error in %s', async (_, list) => {
    damage();
    await expect(list(open())).rejects.toMatchObject({ code: 'journal-unusable' });
  });

  test.each(LISTS)(
    'an unusable journal is an error in %s without a warning, whatever was read before and after',
    async (_, list) => {
      damage();
      const journal = open();
      expect(await journal.clockOffset()).toBe(0);
      expect(await journal.findCard(CARD)).toBeNull();
      await expect(list(journal)).rejects.toMatchObject({ code: 'journal-unusable' });
      expect(await journal.findCard(CARD)).toBeNull();
      await journal.close();
      expect(warnings).toEqual([]);
    },
  );

  test('other failures of the journal are unchanged', async () => {
    const journal = open();
    await journal.findCard(CARD);
    await journal.close();
    await expect(journal.findCard(CARD)).rejects.not.toMatchObject({ code: 'journal-unusable' });
  });
});
