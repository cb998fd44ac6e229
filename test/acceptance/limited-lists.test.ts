// Lists that show the newest rows only say so, also by their number of all rows.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orderBody } from '../harness/events.ts';
import { User } from '../harness/program.ts';

const user = new User();
afterAll(() => user.leave());

/** 250 events, of which 150 are of later states; three actions; two runs. */
beforeAll(async () => {
  const placed = Array.from({ length: 100 }, (_, order) => orderBody('PLACED', order + 1));
  const produced = Array.from({ length: 150 }, (_, order) => orderBody('PRODUCED', order + 1));
  const input = [...placed, ...produced].join('\n');
  const imported = await user.run('events import - --unverified --json', { input });
  expect(imported.json).toMatchObject({ hints: 250 });
  for (const kiosk of ['WIS00001', 'WIS00002', 'WIS00003'])
    await user.run(['kiosk', 'hold', kiosk, '--reason', 'door']);
  for (const cards of ['1', '2']) await user.run(`run happy-path --cards ${cards}`);
});

describe('a list with a limit', () => {
  test.each([
    ['events list', { total: 250, hasMore: true }],
    ['events list --status PRODUCED', { total: 150, hasMore: true }],
    ['events list --status PLACED', { total: 100, hasMore: false }],
    ['events list --limit 250', { total: 250, hasMore: false }],
    ['events list --card 7 --limit 1', { total: 2, hasMore: true }],
    ['events list --card 9999', { total: 0, hasMore: false }],
    ['log --action hold --limit 2', { total: 3, hasMore: true }],
    ['log --action hold --limit 3', { total: 3, hasMore: false }],
    ['log --action hold --kiosk WIS00002 --limit 1', { total: 1, hasMore: false }],
    ['runs list --limit 1', { total: 2, hasMore: true }],
    ['runs list', { total: 2, hasMore: false }],
  ])('the document of %s has the number of all rows, and whether there are more', async (args, expected) => {
    const { json } = await user.run(`${args} --json`);
    expect(json).toMatchObject(expected);
  });

  test.each([
    ['events list', 'Showing the newest 100 of 250. Show more with --limit.\n'],
    ['log --action hold --limit 2', 'Showing the newest 2 of 3. Show more with --limit.\n'],
    ['runs list --limit 1', 'Showing the newest 1 of 2. Show more with --limit.\n'],
  ])('the text of %s says how many rows it leaves out', async (args, line) => {
    expect((await user.run(args)).stdout).toContain(line);
  });

  test.each(['events list --limit 250', 'log --action hold', 'runs list'])(
    'the text of %s mentions no limit if all rows are shown',
    async (args) => {
      expect((await user.run(args)).stdout).not.toContain('Showing the newest');
    },
  );
});
