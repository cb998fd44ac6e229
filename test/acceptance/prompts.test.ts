// Prompts as a person sees them, on a terminal of 80 and of 60 columns and on one that can't move its cursor.
import { afterAll, describe, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';

const user = new User();
afterAll(() => user.leave());

const card = await user.readyCard();

describe.each([80, 60])('on a terminal of %i columns', (columns) => {
  test('Ctrl-C at a prompt reports that nothing was sent', async () => {
    const terminal = Terminal.open(user, `produce ${card} --simulate PRODUCED`, { columns });
    await terminal.shows('Which kiosk?');
    for (const kiosk of ['WIS00001', 'WIS00002', 'WIS00003']) await terminal.shows(kiosk);
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    const screen = await terminal.screen();
    expect(screen).toContain('Error: Interrupted. Nothing was sent.\n  Run the same command again.');
    expect(screen.match(/Nothing was sent/g)).toHaveLength(1);
    expect((await user.run(['status', card, '--json'])).json.card).toMatchObject({ attempt: 0 });
  });

  test('reason and confirmation in production are one dialogue, and “no” sends nothing', async () => {
    const flags = '--environment production --base-url http://127.0.0.1:9';
    const env = { KIOSKCTL_TOKEN: 'a-test-token' };
    const terminal = Terminal.open(user, `produce 5/501 --kiosk K1 --yes ${flags}`, { columns, env });
    await terminal.shows('PRODUCTION: Context production, environment production');
    await terminal.shows('Reason for this action?');
    terminal.type('ticket 4711\r');
    await terminal.shows('Run this in PRODUCTION, with context production?');
    terminal.type('n\r');
    expect(await terminal.ended).toBe(9);
    const screen = (await terminal.screen()).replaceAll(/\s+/g, ' ');
    expect(screen).toContain(
      'Error: Not confirmed. Nothing was sent. Run the same command again, or confirm',
    );
    expect(screen).toContain('--confirm production');
  });
});

describe('with TERM=dumb', () => {
  const env = { TERM: 'dumb' };

  test('with TERM=dumb, choices are numbered, an invalid number is asked again, and the cursor does not move', async () => {
    const terminal = Terminal.open(user, `produce ${card}`, { env });
    await terminal.shows('  2) WIS00002');
    await terminal.shows('Number (default 1):');
    terminal.type('7\r');
    await terminal.shows('Number (default 1): 7\nNumber (default 1):');
    terminal.type('2\r');
    expect(await terminal.ended).toBe(0);
    expect(terminal.raw).not.toContain('\u001b');
    expect(await terminal.screen()).toContain('WIS00002');
  });

  test('with TERM=dumb, a confirmation is plain text, and Ctrl-C reports that nothing was sent', async () => {
    const terminal = Terminal.open(user, `produce ${card} --kiosk WIS00009`, { env });
    await terminal.shows('Send cards to WIS00009? (y/N)');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    expect(await terminal.screen()).toContain('Interrupted. Nothing was sent.');
    expect(terminal.raw).not.toContain('\u001b');
  });

  test('with TERM=dumb, a typed secret is not echoed', async () => {
    const flags = '--environment sandbox --with-client --client-id app';
    const terminal = Terminal.open(user, `login ${flags}`, { env });
    await terminal.shows('secret:');
    terminal.type('tok-4711\u0014x');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    expect(terminal.raw).not.toContain('4711');
    expect(terminal.raw).not.toContain('\u001b');
  });
});

describe('retry without cards', () => {
  const other = new User();
  afterAll(() => other.leave());

  test('a terminal lists the failed cards to choose from, those of a kiosk together first', async () => {
    const none = await other.run('retry');
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toContain('Error: The cards to retry are missing.\n');
    expect(none.stderr).toMatch(
      /kioskctl retry --kiosk <KIOSK>\. List the failed cards: kioskctl status --failed/,
    );

    const empty = Terminal.open(other, 'retry');
    expect(await empty.ended).toBe(2);
    expect(await empty.screen()).toContain('The journal has no failed cards for environment local.');

    const cards = [await other.readyCard(), await other.readyCard()];
    await other.run(
      `produce ${cards.join(' ')} --kiosk WIS00001 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR`,
    );
    const terminal = Terminal.open(other, 'retry --simulate PRODUCED', { columns: 60 });
    await terminal.shows('1001/502: PRD_HOPPER_DOOR at WIS00001, 60 days left');
    expect(await terminal.screen()).toContain(
      '? Which cards?\n❯ All 2 cards that failed at WIS00001\n  1001/501: PRD_HOPPER_DOOR at WIS00001, 60 days left\n',
    );
    terminal.type('\u001b[B\r');
    await terminal.shows('Is it fixed, so that card 1001/501 can be produced again?');
    terminal.type('y\r');
    expect(await terminal.ended).toBe(0);
    const { json } = await other.run('status --json');
    expect(json.cards).toMatchObject([
      { orderId: 502, stage: 'failed' },
      { orderId: 501, stage: 'produced' },
    ]);
  });

  test('the cards of a kiosk become the plan of that kiosk, which a terminal shows before it sends any', async () => {
    await other.run(`produce ${await other.readyCard()} --kiosk WIS00001 --simulate PRODUCTION_ERROR`);
    const terminal = Terminal.open(other, 'retry');
    await terminal.shows('All 2 cards that failed at WIS00001');
    terminal.type('\r');
    await terminal.shows('Kiosk WIS00001: 2 cards, oldest first, one at a time');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    expect(await terminal.screen()).toContain('Nothing was sent.');
  });
});
