// What a person at a terminal sees and is asked.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';
import { Terminal, type TerminalOptions } from '../harness/terminal.ts';

const user = new User();
afterAll(() => user.leave());

type Answer = [words: string, answer: string | (() => void)];

/**
 * Runs a command on a terminal of 160 columns and answers its questions.
 * @param answers what is typed, or done, once these words stand on the screen, in this order
 */
async function onTerminal(args: string | string[], answers: Answer[] = [], env: TerminalOptions['env'] = {}) {
  const terminal = Terminal.open(user, args, { columns: 160, rows: 40, env });
  for (const [words, answer] of answers) {
    await terminal.shows(words);
    if (typeof answer === 'string') terminal.type(answer);
    else answer();
  }
  const code = await terminal.ended;
  return { code, raw: terminal.raw, transcript: terminal.transcript, screen: await terminal.screen() };
}

/** The short name of a card. */
async function nameOf(card: string): Promise<string> {
  const { json } = await user.run(`status ${card} --cached --json`);
  return `1001/${json.card.orderId}`;
}

test('a wait moves on a terminal, in colour, and leaves the result behind', async () => {
  // In a sandbox that is in no hurry, it goes on until the time is moved.
  const { code, raw, screen } = await onTerminal(
    'order --wait',
    [['requirements-fulfilled', () => void user.run('sandbox advance 1h')]],
    { KIOSKCTL_SANDBOX_SPEED: '0.001' },
  );
  expect(code).toBe(0);
  expect(raw).toContain('\u001b[32m✓\u001b[39m');
  expect(raw).toContain('\u001b[?25l');
  expect(screen).toMatch(/✓ 1001\/501 done: ready/);
});

test('nothing moves and nothing is coloured with --no-color', async () => {
  const { code, raw } = await onTerminal('order --wait --no-color');
  expect(code).toBe(0);
  expect(raw).not.toContain('\u001b');
});

test('the kiosk is picked from those of the context', async () => {
  const card = await user.readyCard();
  const { code, screen } = await onTerminal(`produce ${card}`, [['Which kiosk?', '\u001b[B\r']]);
  expect(code).toBe(0);
  expect(screen).toContain('in-progress on WIS00002');
});

test('in CI nothing is prompted for, also on a terminal, unless CI is false or 0', async () => {
  const card = await user.readyCard();
  for (const CI of ['true', '1']) {
    const { code, screen } = await onTerminal(`produce ${card}`, [], { CI });
    expect([code, screen]).toEqual([2, expect.stringContaining('--kiosk')]);
  }
  for (const CI of ['', 'false', '0']) {
    const { code } = await onTerminal(`produce ${card}`, [['Which kiosk?', '\u0003']], { CI });
    expect(code).toBe(130);
  }
});

test('a retry asks whether the cause is fixed, and no means no', async () => {
  const card = await user.readyCard();
  await user.run(['produce', card, '--kiosk', 'WIS00001', '--simulate', 'PRODUCTION_ERROR:PRT_RIBBON_ENDED']);
  const no = await onTerminal(`retry ${card}`, [['Is it fixed', 'n\r']]);
  expect(no.code).toBe(9);
  expect(no.screen).toContain('Replace the ribbon');
  const yes = await onTerminal(`retry ${card}`, [['Is it fixed', 'y\r']]);
  expect(yes.code).toBe(0);
  expect(yes.screen).toContain('attempt 2');
});

test('a retry of a kiosk asks who collects, shows a list that moves, and waits for the first card', async () => {
  const cards = [await user.readyCard(), await user.readyCard()];
  const failed = ['--kiosk', 'WIS00003', '--simulate', 'PRODUCTION_ERROR:PRD_HOPPER_DOOR'];
  await user.run(['produce', ...cards, ...failed]);
  const names = await Promise.all(cards.map(nameOf));
  const produce = (index: number) => () =>
    void user.run(['simulate', cards[index] ?? '', '--status', 'PRODUCED']);
  const { code, raw, screen, transcript } = await onTerminal('retry --kiosk WIS00003', [
    ['Is someone at WIS00003 to collect the cards', 'y\r'],
    ['Is the cause fixed', 'y\r'],
    ['in-progress', produce(0)],
    [`now ${names[1]} in-progress`, produce(1)],
  ]);
  expect(code, screen).toBe(0);
  // A spinner, and a line for the kiosk that is drawn again and again.
  expect(raw).toContain('\u001b[?25l');
  expect(transcript).toContain(
    `WIS00003: 0 of 2 produced; now ${names[0]} (first card; the others wait for its result)`,
  );
  expect(transcript).toMatch(/WIS00003: 1 of 2 produced, about \S+ left; now /);
  expect(screen).toContain('2 cards: 2 done');
});

test('a run of many cards shows how far it is, how fast, and where its cards are; what failed stays above', async () => {
  const flow = join(user.home, 'flow.yaml');
  const data = join(user.home, 'cards.csv');
  writeFileSync(
    flow,
    `version: 1
name: mixed
variables: {result: PRODUCED}
steps: [order, wait-ready, produce, {simulate: "\${result}"}, wait-produced]
`,
  );
  writeFileSync(
    data,
    `result\n${['PRODUCTION_ERROR:PRD_HOPPER_DOOR', ...Array(3).fill('PRODUCED')].join('\n')}\n`,
  );
  const { code, raw, transcript } = await onTerminal(`run ${flow} --data ${data} --concurrency 1`, [], {
    KIOSKCTL_SANDBOX_SPEED: '10',
  });
  expect(code, transcript).toBe(4);
  expect(raw).toContain('\u001b[?25l');
  expect(transcript).toMatch(/ mixed: 0 of 4 passed\r?\n {2}\d requirements-fulfilled/);
  expect(transcript).toMatch(/ mixed: \d of 4 passed, 1 not, [\d.]+ a second, about \S+ left\r?\n {2}\d /);
  const [above, below = ''] = transcript.split(
    /Warning: Card 1 \(1001\/\S+\): step 5, wait-produced, failed: PRD_HOPPER_DOOR\r?\n/,
  );
  expect(above).toContain('0 of 4');
  expect(below).toContain('of 4 passed, 1 not');
  expect(below).toMatch(/mixed: failed {2}run \S+\r?\n {2}Cards {5}3 of 4 cards passed: 1 failed\./);
});
