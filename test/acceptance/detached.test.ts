// A recovery that survives the laptop. Two servers share a journal in PostgreSQL: the hopper fails for twelve cards, which
// reaches everybody, a plan is handed over, and the server at work is killed. Each card is printed once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { rolesOf } from '../../src/journal/server-roles.ts';
import { PostgresSession } from '../../src/postgres/session.ts';
import { installQueue } from '../../src/queue/queue-schema.ts';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { makeLogin, makeSchema, testWithPostgres } from '../harness/postgres.ts';
import { ended, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';
import { newColleague } from '../harness/team.ts';

const KIOSK = 'WIS00001';
const COUNT = 12;
const DETACH =
  `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json --reason`.split(' ');

type Sandbox = Awaited<ReturnType<typeof startSandbox>>;

/** Creates a journal with its job queue. @returns a login of operators */
async function makeJournal() {
  const address = await makeSchema();
  const session = await PostgresSession.open(address, { patience: 15_000 });
  await installQueue(session, { address, roles: rolesOf(address.schema) });
  await session.end();
  return makeLogin(address);
}

/** A laptop, two servers and the target of their notices. All have the same journal. */
async function assemble(sandbox: Sandbox) {
  const place = { journal: await makeJournal(), sandbox };
  const target = await Receiver.open();
  const newMachine = (user: string, host: string): User => {
    const machine = newColleague({ user, host }, place);
    machine.env.KIOSKCTL_SETTLE = '1s';
    onTestFinished(() => machine.leave());
    return machine;
  };
  const serve = async (host: string) => {
    const user = newMachine('kioskctl', host);
    const [key, notify] = [join(user.home, 'key.pem'), join(user.home, 'notify.yaml')];
    writeFileSync(key, sandbox.publicKey);
    writeFileSync(notify, `targets: [{name: on-call, format: json, url: '${target.url}'}]\n`, {
      mode: 0o600,
    });
    const flags = ['--accept-plans', '--public-key', key, '--notify-file', notify, '--notify-after', '1s'];
    const server = await ListenerProcess.serve(user.env, ...flags);
    onTestFinished(async () => void (await server.end('SIGKILL')));
    sandbox.deliverTo(server.url);
    return server;
  };
  const ada = newMachine('ada', 'laptop-ada');
  const bob = newMachine('bob', 'desk-bob');
  // Read-only commands of the office run in the process of the test.
  const office = new User(withoutNode(bob));
  onTestFinished(() => office.leave());
  const [one, two] = await Promise.all([serve('one'), serve('two')]);
  return { ada, bob, office, target, servers: { one, two } };
}

/** Returns the variables of a machine without those that replace its name, which only processes can have. */
function withoutNode({ env }: User): Record<string, string> {
  const names = Object.keys(env).filter((name) => /^KIOSKCTL_(?!HOME)/.test(name));
  return Object.fromEntries(names.map((name) => [name, env[name] ?? '']));
}

/** Produce requests for each card. */
function puts(sandbox: Sandbox, cards: readonly string[]): number[] {
  const sent = sandbox.requests().filter(({ method }) => method === 'PUT');
  return cards.map((card) => sent.filter(({ path }) => path.includes(card.split('/')[1] ?? '')).length);
}

/** Limit of waits, of which a busy machine needs a part. */
const LONG = { timeout: 20_000 };

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

testWithPostgres(
  'twelve failures reach board, notice, metrics and a waiting command, and their detached recovery survives a laptop and a killed server: one request a card',
  { timeout: 180_000 },
  async () => {
    await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
    const { ada, bob, office, target, servers } = await assemble(sandbox);
    const cards = Array.from({ length: COUNT }, () => sandbox.readyCard().cardToken).map(
      (token) => `1001/${token}`,
    );
    const outcome = { kind: 'outcome', kioskId: KIOSK } as const;
    sandbox.addFault({ ...outcome, status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR', times: COUNT });

    // The failures reach a command that waits, notices, metrics and boards, by the webhooks of Wise.
    const produced = await ada.spawn(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--json']);
    expect(produced.code, produced.stderr).toBe(4);
    const failures = produced.json.cards.map(({ error }: { error: { details: object } }) => error.details);
    expect(failures).toEqual(cards.map(() => expect.objectContaining({ errorCode: 'PRD_HOPPER_DOOR' })));
    const [notice] = await target.got(1);
    expect(notice?.body).toMatchObject({ kind: 'failed', count: COUNT });
    for (const server of Object.values(servers)) {
      await expect.poll(async () => boardOf(server), LONG).toMatch(/12.*PRD_HOPPER_DOOR/s);
      const failed = async () => server.metric('failed_cards');
      await expect.poll(failed, LONG).toEqual({ [`kiosk="${KIOSK}",code="PRD_HOPPER_DOOR"`]: COUNT });
    }

    // The plan is handed over, and the laptop is gone.
    sandbox.addFault({ ...outcome, status: 'PRODUCED', times: 1_000 });
    const accepted = await ada.spawn([...DETACH, 'door closed']);
    expect(accepted.code, accepted.stdout + accepted.stderr).toBe(0);
    const { id, ...handedOver } = accepted.json.detached;
    expect(handedOver).toMatchObject({ approvedBy: 'ada@laptop-ada', reason: 'door closed', cards: COUNT });
    ada.leave();

    // The server at work is killed while its fifth request is in flight.
    await expect.poll(() => sum(puts(sandbox, cards)), { ...LONG, interval: 5 }).toBeGreaterThan(COUNT + 3);
    sandbox.addFault({ kind: 'answer', method: 'PUT', path: '/production', delayMs: 20_000, effect: true });
    const before = sum(puts(sandbox, cards));
    await expect.poll(() => sum(puts(sandbox, cards)), { ...LONG, interval: 5 }).toBeGreaterThan(before);
    const show = async () => (await office.run(['runs', 'show', id, '--json'])).json.plan;
    const killed: 'one' | 'two' = (await show()).executor === 'kioskctl@one' ? 'one' : 'two';
    const other = killed === 'one' ? 'two' : 'one';
    await servers[killed].end('SIGKILL');
    await expect
      .poll(async () => (await show()).executor, { timeout: 20_000, interval: 100 })
      .toBe(`kioskctl@${other}`);

    const follow = await ended(bob.start([bob.binary, 'runs', 'show', id, '--follow', '--json']));
    expect(follow.code, follow.stdout + follow.stderr).toBe(0);
    const last = JSON.parse(follow.stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({
      exitCode: 0,
      plan: { state: 'done', counts: { done: COUNT, failed: 0, left: 0 } },
    });
    expect(await boardOf(servers[other])).toContain(`<b>${COUNT} of ${COUNT}</b> done`);
    expect(puts(sandbox, cards)).toEqual(cards.map(() => 2));
    const planNotices = () =>
      target.arrived.flatMap(({ body }) => (body.kind === 'plan' ? [body.plans] : []));
    await expect.poll(planNotices, { timeout: 45_000 }).not.toEqual([]);

    const { acts } = (await office.run('log --json')).json;
    const retries = acts.filter(
      ({ act, plan }: { act: string; plan: string }) => act === 'retry' && plan === id,
    );
    const names = (field: string) => new Set(retries.map((act: Record<string, string>) => act[field]));
    expect(names('by')).toEqual(new Set([`kioskctl@${killed}`, `kioskctl@${other}`]));
    expect(names('approvedBy')).toEqual(new Set(['ada@laptop-ada']));
    expect(await servers[other].end()).toBe(0);
    // Its end was one notice, of two servers that may decide about it.
    expect(planNotices()).toEqual([
      [expect.objectContaining({ id, state: 'done', exitCode: 0, done: COUNT })],
    ]);
  },
);

/** Text of the page of the board. */
async function boardOf({ adminUrl }: ListenerProcess): Promise<string> {
  return (await fetch(new URL('/board', adminUrl))).text();
}
