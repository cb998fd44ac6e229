import { beforeEach, describe, expect, test } from 'vitest';
import { parseKioskId } from '../../../src/domain/ids.ts';
import type { NewRun, RunCard } from '../../../src/domain/run.ts';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';

describe.each(JOURNALS)('the runs of $name', ({ makeFixture }) => {
  let fixture: Fixture;
  let journal: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
  });

  const run = (id: string, startedAt = fixture.now): NewRun => ({
    id,
    scenario: 'happy-path',
    source: { kind: 'file', path: '/home/ada/happy.yaml' },
    fingerprint: 'abc',
    data: { path: '/home/ada/cards.csv', fingerprint: 'def' },
    variables: { code: 'PRD_TIMEOUT' },
    forgottenVariables: ['cardholder'],
    kiosks: [parseKioskId('WIS00001')],
    cards: 2,
    concurrency: 1,
    keep: false,
    context: 'ci',
    flags: ['--context', 'ci'],
    profileId: 1001,
    environment: 'local',
    reason: 'nightly',
    startedAt,
    endedAt: null,
    exitCode: null,
    sessions: 1,
    requests: { reads: 0, sends: 0, limited: 0 },
    freed: [],
  });

  const card = (number: number, more: Partial<RunCard> = {}): RunCard => ({
    number,
    row: number + 1,
    kioskId: parseKioskId('WIS00001'),
    outcome: 'interrupted',
    exitCode: null,
    card: null,
    orders: [],
    stages: [],
    steps: [],
    startedAt: fixture.now,
    endedAt: null,
    ...more,
  });

  const REQUESTS = { reads: 2, sends: 1, limited: 0 };

  test('a run is stored as it started, with its user', async () => {
    const begun = await journal.startRun(run('a'));
    expect(begun).toMatchObject(run('a'));
    expect(begun.user).not.toBe('');
    expect(await fixture.open().findRun('a')).toEqual(begun);
    expect(await journal.findRun('b')).toBeNull();
  });

  test('the cards of a run are stored, and their requests are added up', async () => {
    await journal.startRun(run('a'));
    await Promise.all(
      [1, 2].map(async (number) => journal.saveRunCard({ id: 'a', card: card(number), requests: REQUESTS })),
    );
    const passed = card(2, { outcome: 'passed', exitCode: 0, endedAt: fixture.now });
    await journal.saveRunCard({ id: 'a', card: passed, requests: { reads: 1, sends: 0, limited: 1 } });
    expect(await journal.findRun('a')).toMatchObject({ requests: { reads: 5, sends: 2, limited: 1 } });
    expect(await journal.findRunCard('a', 2)).toEqual(passed);
    expect(await journal.findRunCard('a', 3)).toBeNull();
    expect(await journal.listRunCards('a', { after: 0, limit: 1 })).toEqual([card(1)]);
    expect(await journal.listRunCards('a', { after: 1, limit: 5 })).toEqual([passed]);
  });

  test('a run that has ended can be resumed, and ends again', async () => {
    await journal.startRun(run('a'));
    await journal.endRun({ id: 'a', exitCode: 4, freed: [{ profileId: 1, isFreed: true }], at: fixture.now });
    expect(await journal.findRun('a')).toMatchObject({ endedAt: fixture.now, exitCode: 4, sessions: 1 });
    await journal.reopenRun('a');
    expect(await journal.findRun('a')).toMatchObject({ endedAt: null, exitCode: null, sessions: 2 });
  });

  test('runs are listed newest first, without those of other environments', async () => {
    for (const [id, at] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
    ] as const)
      await journal.startRun(run(id, at));
    await fixture.open('production').startRun(run('d'));
    expect((await journal.listRuns(2)).map(({ id }) => id)).toEqual(['b', 'c']);
    expect((await journal.listRuns(9)).map(({ id }) => id)).toEqual(['b', 'c', 'a']);
  });
});
