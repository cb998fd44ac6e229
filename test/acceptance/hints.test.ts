// Hints run as they are printed. Every run of the harness takes all of them through the parser; a sample is run here.
import { afterAll, describe, expect, test } from 'vitest';
import { hintsOf, parseHints } from '../harness/hints.ts';
import { type Ended, User } from '../harness/program.ts';

const user = new User();
afterAll(() => user.leave());

/** The last command that a command prints. */
function lastHint(ended: Ended): string {
  const line = hintsOf(ended).at(-1)?.line;
  if (line === undefined) throw new Error(`no hint: ${ended.stdout}${ended.stderr}`);
  return line;
}

/** Returns the hint of a command with an argument that names no context. */
async function hintOf(args: string): Promise<string> {
  return lastHint(await user.run(args));
}

test.each([
  ['an unknown flag', 'Run: kioskctl status --nope --context local'],
  ['a missing argument', 'Run: kioskctl retry --to-kiosk --context local'],
  ['no context', 'List them: kioskctl events list'],
])('the harness fails a test whose hint has %s', async (_, stderr) => {
  await expect(parseHints({ code: 9, stdout: '', stderr })).rejects.toThrow(/A hint/);
});

describe('the hint', () => {
  test('the hint of a ready card contains a placeholder for the kiosk, which a shell rejects, and lists the kiosks of the context', async () => {
    const card = await user.readyCard();
    const ended = await user.run(`wait-ready ${card}`);
    expect(ended.stdout).toMatch(
      /--kiosk <KIOSK> --context local\n {2}<KIOSK>: WIS00001, WIS00002, WIS00003\n$/,
    );
    const refused = await user.shell(lastHint(ended));
    expect([refused.code === 0, refused.stderr]).toEqual([false, expect.stringContaining('KIOSK')]);
    expect((await user.run(`status ${card} --json`)).json.card).toMatchObject({ attempt: 0 });
    const { json } = await user.run(`produce ${card} --kiosk WIS00001 --json`);
    const checked = await user.shell(`${json.card.next} --timeout 0`);
    expect(checked.code).toBe(75);
    expect(checked.stderr).toContain('1001/501 in-progress (one check)\n');
    expect(checked.stderr).toContain(
      'Error: The card was not produced at the one check; it was last seen in-progress.\n',
    );
  });

  test('the hint of cards that failed at a kiosk shows the plan with --dry-run', async () => {
    const cards = [await user.readyCard(), await user.readyCard()];
    const fails = '--kiosk WIS00002 --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR';
    const hint = await hintOf(`produce ${cards.join(' ')} ${fails}`);
    expect(hint).toBe('kioskctl kiosk recover WIS00002 --context local');
    const plan = await user.shell(`${hint} --dry-run --json`);
    expect([plan.code, plan.json.plan.kiosks[0].cards.length]).toEqual([0, 2]);
  });

  test('the hint of a kiosk on hold releases the kiosk', async () => {
    const card = await user.readyCard();
    await user.run('kiosk hold WIS00003 --reason door');
    const hint = await hintOf(`produce ${card} --kiosk WIS00003`);
    expect((await user.shell(`${hint} --json`)).json).toMatchObject({ changed: true });
  });

  test.each([
    ['an event that is not there', 'events show 9'],
    ['an order of an unknown program', 'order --program NONE'],
    ['a run that is not there', 'runs show 20261122-152350-3f9a1c07'],
    ['an empty list of runs', 'runs list'],
    ['an empty list of subscriptions', 'webhooks list'],
  ])('of %s is a command that kioskctl accepts', async (_, args) => {
    const hints = hintsOf(await user.run(args));
    for (const { line } of hints.filter((hint) => !hint.line.includes('<')))
      expect((await user.shell(line)).code, line).not.toBe(2);
  });
});

test('in a log of both outputs, the result of a card comes before its error and the hint', async () => {
  const { stdout } = await user.shell('kioskctl produce 1001/999 --kiosk WIS00001 2>&1');
  expect(stdout).toMatch(/^✗ 1001\/999 refused\nError: .*\n {2}Check the reference/m);
});
