// log and incident on the built binary: what happened, told afterwards.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectComplaint, expectError, oneDocument, User } from '../harness/program.ts';

const NAMED = 'Context local, environment local\n';
const user = new User();
let card: string;

/** A card that failed at WIS00001. */
beforeAll(async () => {
  card = await user.readyCard();
  const why = [
    '--reason',
    'door | <b>open</b>, call +44 7700 900123',
    '--simulate',
    'PRODUCTION_ERROR:PRD_HOPPER_DOOR',
  ];
  await user.run(['produce', card, '--kiosk', 'WIS00001', ...why]);
});
afterAll(() => user.leave());

describe.concurrent('log', () => {
  test('log shows each action with its outcome and its reason', async () => {
    const { code, stdout, stderr } = await user.run('log --kiosk WIS00001 --kiosk WIS00002 --since 1h');
    expect([code, stderr]).toEqual([0, NAMED]);
    expect(stdout).toMatch(/^2\t.*\tproduce\t.*\tWIS00001\t.*\texit 4\tdoor \|.*\tproduction failed/m);
  });

  test('log --since accepts the times that log prints, and a date', async () => {
    const { stdout } = await user.run('log');
    const [, time = ''] = /^2\t(\S+ \S+ \S+)\t/m.exec(stdout) ?? [];
    const since = await user.run(['log', '--json', '--since', time]);
    expect(oneDocument(since).acts.at(-1)).toMatchObject({ id: 2 });
    const [date = ''] = time.split(' ');
    const day = await user.run(['log', '--json', '--since', date, '--card', card]);
    expect(oneDocument(day).acts.length).toBeGreaterThan(0);
    expect(oneDocument(await user.run(['log', '--json', '--until', '2020-01-31'])).acts).toEqual([]);
  });

  test('log --json prints one document, oldest first, and sends no request', async () => {
    const ended = await user.run(['log', '--json', '--verbose']);
    expect(ended.stderr).toBe(NAMED);
    const { acts, hasMore } = oneDocument(ended);
    expect(acts.map(({ act }: { act: string }) => act)).toEqual(['order', 'produce']);
    expect(acts[1]).toMatchObject({ outcome: 'failed', exitCode: 4, traceId: expect.any(String) });
    expect(hasMore).toBe(false);
  });

  test('log ends with 9 for an unreadable journal, and not with an empty list', async () => {
    const broken = new User();
    writeFileSync(join(broken.home, 'journal.db'), 'no database, but garbage '.repeat(500));
    expectError(await broken.run('log --card 501 --json'), { code: 9, error: 'journal-unusable' });
    expectError(await broken.run('incident 501 --json'), { code: 9, error: 'journal-unusable' });
    broken.leave();
  });
});

describe.concurrent('incident', () => {
  test('incident prints Markdown for people, and one document with --json', async () => {
    const shown = await user.run('incident --kiosk WIS00001 --since 4h');
    expect([shown.code, shown.stderr]).toEqual([0, NAMED]);
    expect(shown.stdout).toMatch(/^# Incident: `WIS00001`\n/);
    expect(shown.stdout).toContain('“door &#124; &#60;b&#62;open&#60;/b&#62;, call &#91;phone&#93;”');
    const { incident } = oneDocument(await user.run(['incident', card, '--no-reasons', '--json']));
    expect(incident.setup).toMatchObject({
      environment: 'local',
      apiHost: null,
      journalSchema: expect.any(Number),
    });
    expect(JSON.stringify(incident.timeline)).not.toContain('door |');
    expect(incident.timeline.map(({ type }: { type: string }) => type)).toContain('attempt');
  });

  test('incident writes a file for its owner only, as Markdown or JSON by its extension, and never replaces a file', async () => {
    const file = join(user.home, 'incident.json');
    const ended = await user.run(['incident', card, '--output', file, '--json']);
    expect(oneDocument(ended)).toMatchObject({ file, format: 'json', cards: 1, entries: 4 });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      schemaVersion: 1,
      command: 'incident',
      environment: 'local',
      incident: { cards: [{ profileId: 1001 }] },
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expectComplaint(await user.run(['incident', card, '--output', file]), {
      code: 2,
      message: /it already exists/,
      hint: /--force/,
    });
  });

  test('incident reads cards from standard input, as other commands print them', async () => {
    const piped = await user.shell('kioskctl status --json | kioskctl incident - --json');
    expect(oneDocument(piped).incident.cards).toHaveLength(1);
  });
});

describe.concurrent('bad input', () => {
  const file = join(user.home, 'incident.txt');
  test.each<[string[], string, RegExp]>([
    [['log', '--act', 'print'], 'usage', /--action=print.*order/],
    [['log', '--card', 'nonsense'], 'invalid-reference', /nonsense/],
    [['log', '--since', '1h', '--until', '2h'], 'usage', /--until/],
    [['incident'], 'usage', /No card or kiosk is set/],
    [['incident', '501', '--kiosk', 'WIS00001'], 'usage', /can't be combined/],
    [['incident', '--kiosk', 'WIS00001', '--output', file], 'usage', /incident\.txt/],
    [['incident', '501', '--force'], 'usage', /output/],
  ])('%j', async (args, error, message) => {
    expectError(await user.run([...args, '--json']), { code: 2, error, message });
    expect(existsSync(file)).toBe(false);
  });

  test('incident ends with 10 for a kiosk without records, and suggests a longer period', async () => {
    expectError(await user.run('incident --kiosk WIS00009 --json'), {
      code: 10,
      error: 'not-found',
      hint: /--kiosk WIS00009 --since 7d/,
    });
  });
});
