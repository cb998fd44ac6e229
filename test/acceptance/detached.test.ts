// A recovery that survives the laptop: six cards failed, a plan is handed over, the server at work is killed, and another
// one finishes. Each card is to be printed once.
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished } from 'vitest';
import { makeSchema, testWithPostgres } from '../harness/postgres.ts';
import { ended, User } from '../harness/program.ts';
import { Gateway, ListenerProcess, ServedSandbox } from '../harness/served.ts';
import { newColleague, setOutcomes } from '../harness/team.ts';

const KIOSK = 'WIS00001';
const COUNT = 6;
const DETACH = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json`.split(' ');

/** A laptop and two servers with one journal in PostgreSQL, and one sandbox. */
async function assemble() {
  const journal = await makeSchema();
  const office = new User({ KIOSKCTL_SANDBOX_SPEED: '20' });
  const gateway = await Gateway.open(office);
  const sandbox = await ServedSandbox.open(office);
  const place = { journal, sandbox: gateway };
  const ada = newColleague({ user: 'ada', host: 'laptop-ada' }, place);
  const machines = ['one', 'two'].map((host) => newColleague({ user: 'kioskctl', host }, place));
  for (const user of [ada, ...machines]) user.env.KIOSKCTL_SETTLE = '2s';
  onTestFinished(async () => {
    await sandbox.close();
    await gateway.close();
    for (const user of [office, ada, ...machines]) user.leave();
  });
  return { gateway, sandbox, ada, machines };
}

async function serve({ env }: User): Promise<ListenerProcess> {
  const server = await ListenerProcess.serve(env, '--accept-plans');
  onTestFinished(() => void server.child.kill('SIGKILL'));
  return server;
}

/** Returns cards that failed at the kiosk. */
async function failedCards(user: User, { sandbox, count }: { sandbox: ServedSandbox; count: number }) {
  const cards: string[] = [];
  for (let index = 0; index < count; index += 1) cards.push((await sandbox.readyCard()).card);
  await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: 'PRD_HOPPER_DOOR', times: count });
  const produced = await user.spawn(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--interval', '200ms', '--json']);
  expect(produced.code, produced.stderr).toBe(4);
  return cards;
}

testWithPostgres(
  'a detached recovery of six cards survives its laptop and a killed server: each card is sent once after its failure',
  { timeout: 180_000 },
  async () => {
    const { gateway, sandbox, ada, machines } = await assemble();
    const [one, two] = machines;
    if (!one || !two) throw new Error('no machines');
    const cards = await failedCards(ada, { sandbox, count: COUNT });
    const puts = async () => Promise.all(cards.map(async (card) => (await sandbox.puts(card)).length));
    await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: null, times: 1_000 });

    const refused = await ada.spawn(DETACH);
    expect(refused.code, refused.stdout).toBe(9);
    expect(refused.json.error).toMatchObject({
      code: 'no-server',
      hint: expect.stringMatching(/--accept-plans/),
    });

    const first = await serve(one);
    gateway.reset();
    gateway.holdAt('after', 3);
    const accepted = await ada.spawn([...DETACH, '--reason', 'door closed']);
    expect(accepted.code, accepted.stdout + accepted.stderr).toBe(0);
    const { id } = accepted.json.detached;
    expect(accepted.json.detached).toMatchObject({
      approvedBy: 'ada@laptop-ada',
      reason: 'door closed',
      cards: COUNT,
    });

    // The laptop's process is gone. The server is killed while its fourth request is in the kiosk.
    await gateway.seen('after');
    const second = await serve(two);
    const killedAt = performance.now();
    await first.end('SIGKILL');
    gateway.reset();
    const show = async () => (await ada.spawn(['runs', 'show', id, '--json'])).json;
    for (;;) {
      const { plan } = await show();
      if (plan.executor === 'kioskctl@two') break;
      expect(performance.now() - killedAt).toBeLessThan(20_000);
      await setTimeout(200);
    }
    const follow = ended(ada.start([ada.binary, 'runs', 'show', id, '--follow', '--json']));
    const { code, stdout, stderr } = await follow;
    expect(code, stdout + stderr).toBe(0);
    const last = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({
      exitCode: 0,
      plan: { state: 'done', counts: { done: COUNT, failed: 0, left: 0 } },
    });
    expect(await puts()).toEqual(cards.map(() => 2));

    const { acts } = (await ada.spawn(['log', '--json'])).json;
    const retries = acts.filter(
      ({ act, plan }: { act: string; plan: string }) => act === 'retry' && plan === id,
    );
    expect(new Set(retries.map(({ by }: { by: string }) => by))).toEqual(
      new Set(['kioskctl@one', 'kioskctl@two']),
    );
    expect(new Set(retries.map((act: { approvedBy: string }) => act.approvedBy))).toEqual(
      new Set(['ada@laptop-ada']),
    );
    expect(await second.end()).toBe(0);
  },
);
