// What a person sees of actions on a terminal of 80 and of 60 columns: the recovery of a kiosk, and Ctrl-C in a wait and in a
// send.
import { afterAll, describe, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal } from '../harness/terminal.ts';
import { apart, CARD } from './vendor.ts';

const user = new User();
afterAll(() => user.leave());

/** The number of times that words are on a screen, also where a line of it was wrapped. */
const count = (screen: string, words: string) => screen.replaceAll(/\s+/g, ' ').split(words).length - 1;

describe.each([80, 60])('on a terminal of %i columns', (columns) => {
  test('the recovery of a kiosk shows the causes, the plan and each result once', async () => {
    const kiosk = `WIS0000${columns === 80 ? 1 : 2}`;
    const cards = [await user.readyCard(), await user.readyCard()];
    const failed = ['--kiosk', kiosk, '--simulate', 'PRODUCTION_ERROR:PRD_HOPPER_DOOR'];
    const produced = await user.run(['produce', ...cards, ...failed]);
    expect(produced.stdout).toContain(`✗ 2 cards failed with PRD_HOPPER_DOOR at ${kiosk}\n`);
    expect(produced.stderr).toContain(`Next: kioskctl kiosk recover ${kiosk} --context local\n`);
    const terminal = Terminal.open(user, `kiosk recover ${kiosk} --simulate PRODUCED`, { columns, rows: 24 });
    await terminal.shows('2 cards failed with PRD_HOPPER_DOOR');
    for (const [question, answer] of [
      ['Is all of this done', 'y'],
      ['Is a rejected card in the rejection hopper', 'y'],
      ['Which card is it?', ''],
      ['Is another rejected card', 'n'],
      ['Has it been destroyed?', 'y'],
      ['Is someone at', 'y'],
      ['Produce these 2 cards', 'y'],
    ] as const) {
      await terminal.shows(question);
      terminal.type(`${answer}\r`);
    }
    expect(await terminal.ended).toBe(0);
    const screen = await terminal.screen();
    expect(screen).toMatch(
      /Recorded as destroyed: 1001\/\d+\n✓ 1001\/\d+ done: produced on .*\n✓ 1001\/\d+ done: produced on /,
    );
    expect(screen).toContain('2 cards: 2 done');
    expect(count(terminal.transcript, 'The hopper door is open')).toBe(1);
  });

  test('Ctrl-C in a wait says once what may still complete, after the results', async () => {
    const cards = [await user.readyCard(), await user.readyCard()];
    const terminal = Terminal.open(user, ['produce', ...cards, '--kiosk', 'WIS00003', '--wait'], { columns });
    await terminal.shows('in-progress');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    const screen = await terminal.screen();
    const [results = '', errors = ''] = screen.split('Error: Interrupted.');
    expect(results).toMatch(
      /✗ 1001\/\d+ interrupted\n– 1001\/\d+ not-started\n2 cards: 1 interrupted, 1 not-started\n$/,
    );
    expect(errors.replaceAll(/\s+/g, ' ')).toMatch(
      /^ What was sent may still complete\. Check: kioskctl status 1001\/\d+ --context local$/,
    );
    const [sent = ''] = cards;
    await user.run(`simulate ${sent} --status PRODUCED`);
  });

  test('Ctrl-C in a wait for ready says nothing', async () => {
    const env = { KIOSKCTL_SANDBOX_SPEED: '0.001' };
    const { json } = await user.run('order --json', { env });
    const terminal = Terminal.open(user, `wait-ready 1001/${json.card.orderId}`, { columns, env });
    await terminal.shows('requirements-fulfilled');
    terminal.type('\u0003');
    expect(await terminal.ended).toBe(130);
    expect(await terminal.screen()).not.toMatch(/Error|sent/);
  });

  test('Ctrl-C while a card is sent waits for the answer, and names the card that may still be produced', async () => {
    await apart({}, async ({ user: other, vendor }) => {
      const answer = vendor.hold('produce');
      const command = `produce ${CARD} --kiosk WIS00001 --wait --base-url ${vendor.url}`;
      const terminal = Terminal.open(other, command, { columns });
      await vendor.asked('produce');
      terminal.type('\u0003');
      await terminal.shows('Waiting for the answer');
      answer();
      expect(await terminal.ended).toBe(130);
      expect(count(await terminal.screen(), 'may still complete')).toBe(1);
      expect(vendor.count('produce')).toBe(1);
    });
  });
});
