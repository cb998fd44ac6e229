// A second machine: the same Wise, and a journal that knows nothing yet.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectError, oneDocument, User } from '../harness/program.ts';

const user = new User();
const cards: string[] = [];

function stages(document: { cards: { stage: string }[] }): string[] {
  return document.cards.map(({ stage }) => stage).toSorted();
}

function forgetJournal(): void {
  for (const end of ['', '-wal', '-shm']) rmSync(join(user.home, `journal.db${end}`), { force: true });
}

beforeAll(async () => {
  cards.push(await user.readyCard(), await user.readyCard());
  const [failed = ''] = cards;
  const simulate = ['--simulate', 'PRODUCTION_ERROR:PRD_HOPPER_DOOR'];
  await user.run(['produce', failed, '--kiosk', 'WIS00001', ...simulate]);
  forgetJournal();
});
afterAll(() => user.leave());

test('with an empty journal, status names the journal, the environment and --from-api, and ends with 0', async () => {
  const { code, stdout } = await user.run('status');
  expect(code).toBe(0);
  expect(stdout).toContain(`no cards for environment local: ${join(user.home, 'journal.db')}\n`);
  expect(stdout).toContain(
    'Read the cards of one profile from the API: kioskctl status --from-api --context local\n',
  );
  expect(oneDocument(await user.run('status --json'))).toMatchObject({ cards: [], summary: { total: 0 } });
});

test.each(['kiosk list', 'retry --kiosk WIS00001 --dry-run', 'status --failed --cached', 'status --failed'])(
  'with an empty journal, %s names --from-api on standard error',
  async (words) => {
    forgetJournal();
    const { code, stderr } = await user.run(words);
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('kioskctl status --from-api --context local\n'),
    ]);
    await user.run('status --from-api');
    expect((await user.run(words)).stderr).not.toContain('--from-api');
  },
);

test('status --from-api shows the kiosk cards of the profile and records them in the journal', async () => {
  forgetJournal();
  const read = oneDocument(await user.run('status --from-api --json'));
  expect(
    read.cards
      .map((card: { profileId: number; cardToken: string }) => `${card.profileId}/${card.cardToken}`)
      .toSorted(),
  ).toEqual(cards.toSorted());
  const recorded = oneDocument(await user.run('status --cached --json'));
  expect(stages(recorded)).toEqual(['failed', 'ready']);
  expect(stages(read)).toEqual(['failed', 'ready']);
});

test('filters leave out cards that --from-api reads, but all of them are recorded', async () => {
  forgetJournal();
  expect((await user.run('status --from-api --failed --quiet')).stdout).toBe(`${cards[0]}\n`);
  expect((await user.run('status --cached --quiet')).stdout.trim().split('\n')).toHaveLength(2);
});

test('a profile without orders has no kiosk cards', async () => {
  const { code, stdout } = await user.run('status --from-api --profile-id 1002');
  expect([code, stdout.split('.')[0]]).toEqual([0, 'Profile 1002 has no kiosk cards']);
});

test.each(['status 1001/501 --from-api', 'status - --from-api', 'status --from-api --cached'])(
  '%s is a usage error',
  async (words) => {
    expectError(await user.run(`${words} --json`), { code: 2, error: 'usage', message: /--from-api/ });
  },
);
