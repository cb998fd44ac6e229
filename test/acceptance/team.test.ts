// "The hopper door was open", with two people on two machines: twelve cards failed at one kiosk, the database restarts, and
// a machine crashes. Each card is to be printed once.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { OwnServer } from '../harness/own-server.ts';
import { makeSchema, testWithPostgres } from '../harness/postgres.ts';
import { type Ended, ended, oneDocument, User } from '../harness/program.ts';
import { Gateway, ListenerProcess, ServedSandbox } from '../harness/served.ts';
import { newColleague, setOutcomes } from '../harness/team.ts';

const KIOSK = 'WIS00001';
const RECOVER = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --json`.split(' ');
const RETRY = `retry --kiosk ${KIOSK} --yes --attended --json`.split(' ');

/** Two people with one journal in a database of this test, and one sandbox. */
async function assemble() {
  const server = await OwnServer.open();
  const journal = await makeSchema(server);
  const office = new User();
  const gateway = await Gateway.open(office);
  const sandbox = await ServedSandbox.open(office);
  const ada = newColleague({ user: 'ada', host: 'laptop-ada' }, { journal, sandbox: gateway });
  const ben = newColleague({ user: 'ben', host: 'laptop-ben' }, { journal, sandbox: gateway });
  onTestFinished(async () => {
    await sandbox.close();
    await gateway.close();
    for (const user of [office, ada, ben]) user.leave();
  });
  return { server, gateway, sandbox, office, ada, ben };
}

/** Starts a listener on the machine of a person, which receives the events of the sandbox. */
async function listen(
  user: User,
  { office, sandbox }: { office: User; sandbox: ServedSandbox },
): Promise<ListenerProcess> {
  const key = join(user.home, 'key.pem');
  writeFileSync(key, await (await fetch(`${sandbox.url}/_sandbox/public-key`)).text());
  const listener = await ListenerProcess.start(user.env, '--public-key', key);
  onTestFinished(() => void listener.child.kill('SIGKILL'));
  const created = await office.run(['webhooks', 'create', '--url', listener.url]);
  expect(created.code, created.stderr).toBe(0);
  return listener;
}

/** Returns cards that failed at the kiosk, one after the other. */
async function failedCards(user: User, { sandbox, count }: { sandbox: ServedSandbox; count: number }) {
  const cards: string[] = [];
  for (let index = 0; index < count; index += 1) cards.push((await sandbox.readyCard()).card);
  await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: 'PRD_HOPPER_DOOR', times: count });
  const produced = await user.spawn(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--json']);
  expect(produced.code, produced.stderr).toBe(4);
  return cards;
}

function outcomesOf({ json }: Ended): string[] {
  return json.cards.map(({ outcome }: { outcome: string }) => outcome);
}

testWithPostgres(
  'two people at one kiosk on two machines, a restart of the database and a kill: each failed card is sent once',
  { timeout: 120_000 },
  async () => {
    const { server, gateway, sandbox, office, ada, ben } = await assemble();
    const listener = await listen(ada, { office, sandbox });
    const cards = await failedCards(ben, { sandbox, count: 12 });
    const puts = async () =>
      Promise.all(cards.map(async (card) => (await sandbox.puts(card)).map(({ effect }) => effect)));
    expect(await puts()).toEqual(cards.map(() => [true]));

    // Ada puts the kiosk on hold, and Ben's retry names her.
    await ada.spawn(['kiosk', 'hold', KIOSK, '--reason', 'door is open']);
    const held = await ben.spawn(RETRY);
    expect(held.code, held.stderr).toBe(9);
    expect(held.json.cards[0].error).toMatchObject({ code: 'kiosk-held' });
    expect(held.json.cards[0].error.message).toContain('set by ada@laptop-ada: door is open');

    // Both start. Ada's request for the first card reached the kiosk, but she has no answer yet.
    await setOutcomes(sandbox, { kioskId: KIOSK, errorCode: null, times: 1_000 });
    gateway.reset();
    gateway.holdAt('after');
    const first = ada.start([ada.binary, ...RECOVER, '--reason', 'door closed']);
    const firstEnd = ended(first);
    await Promise.race([gateway.seen('after'), firstEnd]);
    const refused = await ben.spawn(RETRY);
    expect(refused.code, refused.stderr).toBe(9);
    expect(outcomesOf(refused)).toEqual(cards.slice(1).map(() => 'refused'));
    expect(refused.json.cards[0].error).toMatchObject({ code: 'leased' });
    expect(refused.json.cards[0].error.message).toMatch(/ada@laptop-ada/);

    // The database crashes while Ada's first card is in the kiosk: her command ends, and she starts it again.
    await server.stop('SIGQUIT');
    gateway.reset();
    const unusable = await firstEnd;
    expect(unusable.code, unusable.stderr).toBe(9);
    expect(unusable.json.error).toMatchObject({ code: 'journal-unusable' });
    await server.start();
    gateway.holdAt('after', 3);
    const second = ada.start([ada.binary, ...RECOVER, '--reason', 'door closed']);
    const secondEnd = ended(second);
    await Promise.race([gateway.seen('after'), secondEnd]);
    // Her machine crashes with the fifth card in the kiosk.
    second.kill('SIGKILL');
    expect((await secondEnd).code, (await secondEnd).stderr).toBeNull();
    gateway.reset();

    const last = await ben.spawn([...RETRY, '--reason', 'door is closed']);
    expect(last.code, last.stdout + last.stderr).toBe(0);
    expect(await puts()).toEqual(cards.map(() => [true, true]));
    const status = oneDocument(await ben.spawn(['status', ...cards, '--json']));
    expect(status.cards.map(({ stage }: { stage: string }) => stage)).toEqual(cards.map(() => 'produced'));

    // The audit trail has both.
    const log = oneDocument(await ada.spawn(['log', '--kiosk', KIOSK, '--limit', '100', '--json']));
    const retries = log.acts.filter(({ act }: { act: string }) => act === 'retry');
    const people = new Set(retries.map(({ by, reason }: Record<string, string>) => `${by}: ${reason}`));
    expect(people).toEqual(new Set(['ada@laptop-ada: door closed', 'ben@laptop-ben: door is closed']));
    const holds = log.acts.filter(({ act }: { act: string }) => act === 'hold' || act === 'release');
    expect(holds).toMatchObject([{ by: 'ada@laptop-ada' }, { by: 'ada@laptop-ada' }]);
    expect(await listener.end()).toBe(0);
  },
);
