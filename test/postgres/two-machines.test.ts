// Two machines whose calendars are 22 seconds apart, with one login a person: everybody sees the same.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { cardBody, deliver, EventSigner } from '../harness/events.ts';
import { makeLogin, makeSchema, openPostgresJournal, testWithPostgres } from '../harness/postgres.ts';
import { ended, User } from '../harness/program.ts';
import { Gateway, ListenerProcess, ServedSandbox } from '../harness/served.ts';
import { newColleague } from '../harness/team.ts';

const signer = new EventSigner();

/** Two machines with one journal. Their requests pass a gateway. @param ahead error of the first calendar, in milliseconds */
async function assemble(ahead = 11_000) {
  const owner = await makeSchema();
  const office = new User();
  const gateway = await Gateway.open(office);
  const sandbox = await ServedSandbox.open(office);
  const [adaLogin, benLogin] = [await makeLogin(owner), await makeLogin(owner)];
  const places = {
    ada: { journal: adaLogin, sandbox: gateway },
    ben: { journal: benLogin, sandbox: gateway },
  };
  const ada = newColleague({ user: 'ada', host: 'branch-1', wrongBy: ahead }, places.ada);
  const ben = newColleague({ user: 'ben', host: 'branch-2', wrongBy: -ahead }, places.ben);
  onTestFinished(async () => {
    await gateway.close();
    await sandbox.close();
    for (const user of [office, ada, ben]) user.leave();
  });
  const journal = openPostgresJournal({ address: owner, environment: 'sandbox', now: Date.now });
  return { gateway, sandbox, journal, ada, ben, adaLogin, benLogin };
}

async function listen(user: User): Promise<ListenerProcess> {
  const key = join(user.home, 'key.pem');
  writeFileSync(key, signer.publicKey);
  const listener = await ListenerProcess.start(user.env, '--public-key', key);
  onTestFinished(() => void listener.child.kill('SIGKILL'));
  return listener;
}

testWithPostgres('the audit trail names the person, the machine and the login of each action', async () => {
  const { sandbox, ada, ben, adaLogin, benLogin } = await assemble();
  const { card } = await sandbox.readyCard();
  const held = await ben.spawn(['kiosk', 'hold', 'WIS00001', '--reason', 'door', '--json']);
  expect(held.code, held.stderr).toBe(0);
  const refused = await ada.spawn(`produce ${card} --kiosk WIS00001 --yes --json`);
  expect(refused.code, refused.stdout).toBe(9);
  expect(refused.json.error.message).toContain('set by ben@branch-2: door');
  const log = await ada.spawn('log --json');
  expect(log.json.acts).toMatchObject([
    { act: 'hold', by: 'ben@branch-2', login: benLogin.user },
    { act: 'produce', by: 'ada@branch-1', login: adaLogin.user, outcome: 'failed' },
  ]);
  expect((await ben.spawn('log')).stdout).toContain(`ben@branch-2 (${benLogin.user})`);
});

testWithPostgres('a wait ends on an event that a listener of another machine received', async () => {
  const { sandbox, ada, ben } = await assemble();
  const { card } = await sandbox.readyCard();
  const listener = await listen(ada);
  const sent = await ada.spawn(`produce ${card} --kiosk WIS00001 --yes --json`);
  const { cardToken, production } = sent.json.card;
  const { binary } = ben;
  const waiting = ended(
    ben.start([binary, 'wait-produced', card, '--via', 'journal', '--timeout', '60s', '--json']),
  );
  const event = signer.signed(cardBody({ cardToken, occurred_at: production.occurredAt }));
  expect(await deliver(listener.url, event)).toBe(200);
  const waited = await waiting;
  expect(waited.code, waited.stderr).toBe(0);
  expect(waited.json).toMatchObject({ via: 'event', card: { stage: 'produced', attempt: 1 } });
});

testWithPostgres('while one listener replaces another, each event is stored once', async () => {
  const { journal, ada, ben } = await assemble();
  const before = await listen(ada);
  const since = await journal.listenedToSince();
  const after = await listen(ben);
  const events = Array.from({ length: 20 }, () => signer.event());
  const [first, ...others] = events;
  const both = [before, after].map(async ({ url }) => deliver(url, first!));
  expect(await Promise.all(both)).toEqual([200, 200]);
  const ending = before.end();
  for (const event of others) {
    const status = await deliver(before.url, event);
    if (status !== 200) expect(await deliver(after.url, event)).toBe(200);
    expect(await journal.isListenedTo()).toBe(true);
  }
  expect(await ending).toBe(0);
  const stored = await journal.listEvents({});
  expect(stored).toHaveLength(events.length);
  expect(new Set(stored.map(({ cardToken }) => String(cardToken)))).toEqual(
    new Set(events.map(({ cardToken }) => cardToken)),
  );
  expect(await journal.listenedToSince()).toBeGreaterThanOrEqual(since ?? Number.NaN);
});

testWithPostgres.each([11_000, -11_000])(
  'a card whose sender was killed is sent after its settle window, by a calendar that is %i ms ahead or another one',
  async (ahead) => {
    const { gateway, sandbox, ada, ben } = await assemble(ahead);
    const { card } = await sandbox.readyCard();
    const env = { KIOSKCTL_SETTLE: '3s' };
    const words = ['produce', card, '--kiosk', 'WIS00001', '--yes', '--json'];
    gateway.holdAt('before');
    const sender = ada.start([ada.binary, ...words], { env });
    await gateway.seen('before');
    sender.kill('SIGKILL');
    const killedAt = performance.now();
    const sent = await ben.spawn(words, { env });
    expect(sent.code, sent.stdout + sent.stderr).toBe(0);
    const elapsed = performance.now() - killedAt;
    expect(elapsed).toBeGreaterThan(3_000);
    // Without the lock of its process, its lease would last for ten seconds.
    expect(elapsed).toBeLessThan(10_000);
    expect(await gateway.taken(card)).toBe(1);
  },
);
