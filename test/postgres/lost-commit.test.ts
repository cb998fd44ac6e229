// The connection breaks at the COMMIT of a claim, of a sending or of an event, before or after the server got it.
import { expect } from 'vitest';
import { OneCard } from '../harness/cards.ts';
import { deliver } from '../harness/events.ts';
import { makeSchema, openPostgresJournal, testWithPostgres } from '../harness/postgres.ts';
import { CuttingProxy } from './cutting-proxy.ts';
import { Team } from './people.ts';

const CLAIM = /INSERT INTO attempts/;
const SENT = /UPDATE attempts SET outcome = 'sent'/;
const EVENT = /INSERT INTO events/;

testWithPostgres.each([
  ['the COMMIT', 'a claim', CLAIM],
  ['its answer', 'a claim', CLAIM],
  ['the COMMIT', 'a sending', SENT],
  ['its answer', 'a sending', SENT],
] as const)('a card is sent once if %s of %s gets lost', async (loss, _, statement) => {
  const { proxy, address } = await CuttingProxy.open(await makeSchema());
  const team = await Team.open();
  const { card } = await team.sandbox.readyCard();
  proxy.loseAfter(statement, loss);
  const sent = await team.person(address).run(`produce ${card} --kiosk WIS00001 --yes --json`);
  expect(proxy.losses).toBe(1);
  expect(sent.code, sent.stdout).toBe(0);
  expect(await team.sandbox.puts(card)).toHaveLength(1);
});

testWithPostgres.each(['the COMMIT', 'its answer'] as const)(
  'an event is stored once if %s of it gets lost',
  async (loss) => {
    const target = await makeSchema();
    const { proxy, address } = await CuttingProxy.open(target);
    const team = await Team.open();
    const listener = await team.listen(team.person(address));
    proxy.loseAfter(EVENT, loss);
    expect(await deliver(listener.url, team.signer.event())).toBe(200);
    expect(proxy.losses).toBe(1);
    const journal = openPostgresJournal({ address: target, environment: 'sandbox', now: Date.now });
    expect(await journal.listEvents({})).toHaveLength(1);
  },
);

testWithPostgres('an event whose COMMIT cannot be confirmed is answered 503', async () => {
  const { proxy, address } = await CuttingProxy.open(await makeSchema());
  const team = await Team.open();
  const listener = await team.listen(team.person(address));
  const event = team.signer.event();
  proxy.loseAfter(EVENT, 'its answer', { refusing: true });
  const started = performance.now();
  expect(await deliver(listener.url, event)).toBe(503);
  expect(performance.now() - started).toBeLessThan(5_000);
  proxy.refuses = false;
  await expect.poll(async () => deliver(listener.url, event)).toBe(200);
});

testWithPostgres.each([
  ['a claim', CLAIM],
  ['a sending', SENT],
] as const)('a card is not sent if the COMMIT of %s cannot be confirmed', async (_, statement) => {
  const target = await makeSchema();
  const { proxy, address } = await CuttingProxy.open(target);
  const cards = await OneCard.open();
  const options = { environment: 'local', now: Date.now, isServer: true };
  const journal = openPostgresJournal({ ...options, address });
  proxy.loseAfter(statement, 'its answer', { refusing: true });
  const { calendar } = cards.world.clock;
  const whole = { now: () => Math.trunc(calendar.now()) };
  const { exitCode, error } = await cards.send({ context: { journal, calendar: whole } });
  expect(exitCode).toBe(9);
  expect(error).toMatchObject({
    code: 'journal-unusable',
    message: expect.stringContaining('what was written last is unknown'),
  });
  expect(proxy.losses).toBe(1);
  expect(await cards.world.requests('PUT', '/production')).toEqual([]);
});

testWithPostgres(
  'a card is not sent if the connection that shows its process was lost meanwhile',
  async () => {
    const { proxy, address } = await CuttingProxy.open(await makeSchema());
    const team = await Team.open();
    const { card } = await team.sandbox.readyCard();
    const ada = team.person(address);
    proxy.cutOthersAt(SENT);
    const refused = await ada.run(`produce ${card} --kiosk WIS00001 --yes --json`);
    expect(refused.code, refused.stdout).toBe(9);
    expect(refused.stdout).toContain('has not answered for 5 seconds');
    expect(await team.sandbox.puts(card)).toEqual([]);
    const sent = await ada.run(`produce ${card} --kiosk WIS00001 --yes --json`);
    expect(sent.code, sent.stdout).toBe(0);
    expect(await team.sandbox.puts(card)).toHaveLength(1);
  },
);
