// Watches: on a terminal they are redrawn in place, elsewhere each change is a line, with --json a document.
import { afterAll, describe, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
afterAll(() => user.leave());

/** The local time with its offset, as text shows it. */
const TIME = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d`;

test.each([80, 60])(
  'a watch over three changes is redrawn in place on a terminal of %i columns',
  async (columns) => {
    const [card, other] = [await user.readyCard(), await user.readyCard()];
    const terminal = Terminal.open(user, `status ${card} ${other} --watch --interval 1s`, {
      columns,
      rows: 24,
    });
    await terminal.shows('ready');
    const first = await terminal.screen();
    expect(first).toMatch(/^\S Context local, environment local$/m);
    expect(first).toMatch(new RegExp(`^Since ${TIME}, checked \\S+ ago$`, 'm'));
    expect(first).not.toContain('*');
    for (const [command, shown] of [
      [`produce ${card} --kiosk WIS00001`, '◉ ○ in-progress'],
      [`simulate ${card} --status PRODUCTION_ERROR --error-code PRD_HOPPER_DOOR`, '✗ ○ failed'],
      [`retry ${card} --yes --simulate PRODUCED`, '● ● produced'],
    ] as const) {
      await user.run(command);
      await terminal.shows(shown);
    }
    const screen = await terminal.screen();
    expect(screen.match(/Context local/g)).toHaveLength(1);
    expect(screen).toMatch(new RegExp(`^Last change ${TIME}, checked \\S+ ago$`, 'm'));
    // Only the card that changed is marked, and the table fits.
    expect(screen).toMatch(/^\* +1001\/5\d\d .*produced/m);
    expect(screen).toMatch(/^ +1001\/5\d\d .*ready/m);
    expect(screen.split('\n').filter((line) => line.includes('…'))).toEqual([]);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    const last = await terminal.screen();
    expect(last).toContain('● ● ● ● produced');
    expect(last).not.toContain('checked');
  },
);

test('the heartbeat of a watch shows how long ago the cards were checked', async () => {
  const card = await user.readyCard();
  const terminal = Terminal.open(user, `status ${card} --watch --interval 60s`);
  await terminal.shows('checked 1s ago');
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(130);
});

test('a watch of kiosks is redrawn in place, and marks the kiosk that changed', async () => {
  const terminal = Terminal.open(user, 'kiosk list --watch');
  await terminal.shows('WIS00002');
  await user.run(['kiosk', 'hold', 'WIS00002', '--reason', 'door']);
  await terminal.shows('on hold since');
  const screen = await terminal.screen();
  expect(screen).toMatch(/^\* +WIS00002 +on hold/m);
  expect(screen).toMatch(/^ +WIS00003 +–/m);
  expect(screen.match(/^ +KIOSK/gm)).toHaveLength(1);
  terminal.type('\u0003');
  expect(await terminal.ended).toBe(130);
});

/** A line of a watch off a terminal. */
function line(what: string): RegExp {
  return new RegExp(`^${TIME} 1001/5\\d\\d ${what}$`);
}

test('a watch that is not on a terminal prints a line with the time for each changed card', async () => {
  const [card, other] = [await user.readyCard(), await user.readyCard()];
  await user.run(`produce ${card} --kiosk WIS00001 --simulate PRODUCED`);
  await user.run(`cancel ${other} --yes`);
  const { code, stdout } = await user.run(`status ${card} ${other} --watch`);
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringMatching(line('produced on WIS00001, attempt 1')),
    expect.stringMatching(line('cancelled')),
  ]);
});

test('a watch on a terminal with --no-color prints lines, and does not move the cursor', async () => {
  const card = await user.readyCard();
  await user.run(`produce ${card} --kiosk WIS00001 --simulate PRODUCED`);
  const terminal = Terminal.open(user, `status ${card} --watch --no-color`);
  expect(await terminal.ended).toBe(0);
  expect((await terminal.screen()).split('\n').at(-1)).toMatch(line('produced on WIS00001, attempt 1'));
  expect(terminal.raw).not.toContain('\u001b');
});

/** Three cards that are in the same kiosk. */
async function cardsInProgress(): Promise<string[]> {
  const cards = [await user.readyCard(), await user.readyCard(), await user.readyCard()];
  await user.run(['produce', ...cards, '--kiosk', 'WIS00001']);
  return cards;
}

async function finish(card = ''): Promise<void> {
  await user.run(['simulate', card, '--status', 'PRODUCED']);
}

describe('a wait for several cards', () => {
  test('a wait for several cards on a terminal shows in place how many have reached the goal', async () => {
    const cards = await cardsInProgress();
    const terminal = Terminal.open(user, ['wait-produced', ...cards]);
    await terminal.shows('Waiting: 0 of 3 produced');
    await terminal.shows('3 in-progress');
    await terminal.shows(' of 10m');
    for (const [index, shown] of ['1 of 3', '2 of 3', '3 cards: 3 done'].entries()) {
      await finish(cards[index]);
      await terminal.shows(shown);
    }
    expect(await terminal.ended).toBe(0);
    expect(await terminal.screen()).not.toContain('Waiting');
  });

  test('a wait for several cards that is not on a terminal prints each card that has reached the goal', async () => {
    const cards = await cardsInProgress();
    const waiting = user.run(['wait-produced', ...cards]);
    for (const card of cards) await finish(card);
    const { code, stderr } = await waiting;
    expect(code).toBe(0);
    expect(stderr).toContain('Waiting: 3 of 3 produced\n');
  });
});
