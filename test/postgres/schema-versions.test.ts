// Commands on a journal whose schema is older or newer than they are.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'vitest';
import { emptyEvent, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { JOURNAL_SCHEMA } from '../../src/journal/open-journal.ts';
import type { PostgresSession } from '../../src/postgres/session.ts';
import {
  downgrade,
  makeLogin,
  makeSchema,
  openPostgresJournal,
  openTestSession,
  testWithPostgres,
} from '../harness/postgres.ts';
import { newColleague, newUser, setUp } from './users.ts';

/** Adds a version, as a newer kioskctl of the same major version may. */
async function addVersion(session: PostgresSession): Promise<void> {
  const columns = [
    'attempts',
    'acts',
    'cards',
    'events',
    'holds',
    'leases',
    'listenings',
    'runs',
    'identity',
  ].map(
    (table) => `ALTER TABLE ${table} ADD COLUMN addition bigint, ADD COLUMN other bigint NOT NULL DEFAULT 0`,
  );
  await session.script(...columns, 'CREATE TABLE additions (id bigint)');
  await recordVersion(session, JOURNAL_SCHEMA);
}

/** @param oldestProgram schema version of the oldest program that can use the new version */
async function recordVersion(session: PostgresSession, oldestProgram: number): Promise<void> {
  await session.script(
    `INSERT INTO schema_versions (version, oldest_program) VALUES (${JOURNAL_SCHEMA + 1}, ${oldestProgram})`,
  );
}

/** Stores an event, as a listener does. @returns its card */
async function receiveEvent(journal: Journal) {
  const cardToken = parseCardToken(randomUUID());
  const kept = await journal.keepEvent({
    deliveryId: randomUUID(),
    signature: 'signed',
    body: Buffer.from(cardToken),
    isTest: false,
    isVerified: true,
    receivedAt: Date.now(),
    event: {
      ...emptyEvent(PRODUCTION_EVENT),
      cardToken,
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCED',
      profileId: 1001,
      occurredAt: new Date().toISOString(),
    },
  });
  expect(kept?.cardToken).toBe(cardToken);
  return cardToken;
}

testWithPostgres.each([
  { name: 'the oldest schema that is supported', change: downgrade },
  { name: 'a newer schema of the same major version', change: addVersion },
])(
  'a card is sent, fails and is sent again on $name, which changes while a listener runs',
  async ({ change }) => {
    const owner = await makeSchema();
    const ada = await makeLogin(owner);
    const listener = openPostgresJournal({ address: ada, environment: 'sandbox', now: () => Date.now() });
    await listener.startListener('http://127.0.0.1', Date.now());
    await receiveEvent(listener);
    await change(await openTestSession(owner));
    const reported = await receiveEvent(listener);

    const { sandbox, env } = await setUp(ada);
    const user = newColleague(ada, env);
    const run = async (command: string) => {
      const result = await user.run(command);
      expect(result.code, `${command}: ${result.stderr}`).toBe(0);
      return result.stdout;
    };
    expect(await run(`status 1001/${reported} --cached`)).toContain('produced');
    const { card } = await sandbox.readyCard();
    const failing = `produce ${card} --kiosk WIS00001 --wait --simulate PRODUCTION_ERROR:PRD_HOPPER_DOOR --yes`;
    expect((await user.run(failing)).stderr).toContain('PRD_HOPPER_DOOR');
    await run('kiosk hold WIS00002 --reason door');
    await run('kiosk release WIS00002');
    expect(await run('kiosk list')).toContain('WIS00001');
    await run(`retry ${card} --wait --simulate PRODUCED --yes`);
    expect(await sandbox.puts(card)).toHaveLength(2);
    const log = await run('log');
    for (const action of ['produce', 'hold', 'release', 'retry']) expect(log).toContain(action);
    await run('events list');
    await run('runs list');
    await run('journal show');
    await run('journal restored --yes --reason test');
    expect((await newColleague(owner).run('journal upgrade')).code).toBe(0);
    await run('status --failed --cached');
  },
);

testWithPostgres('a schema that needs a newer kioskctl is refused, and nothing is sent', async () => {
  const owner = await makeSchema();
  const { sandbox, env } = await setUp(owner);
  const { card } = await sandbox.readyCard();
  await recordVersion(await openTestSession(owner), JOURNAL_SCHEMA + 1);
  const user = newColleague(owner, env);
  for (const command of ['log', `produce ${card} --kiosk WIS00001 --yes`]) {
    const { code, stderr } = await user.run(command);
    expect(code, command).toBe(9);
    expect(stderr, command).toContain('has the schema of a newer version');
    expect(stderr, command).toContain('Update kioskctl');
  }
  expect(await sandbox.puts(card)).toEqual([]);
});

testWithPostgres(
  'journal move to an older schema names journal upgrade, and leaves the file usable',
  async () => {
    const owner = await makeSchema();
    const { KIOSKCTL_JOURNAL: _, ...ofFile }: Record<string, string> = (await setUp(owner)).env;
    const alone = newUser(ofFile);
    expect((await alone.run('kiosk hold WIS00002 --reason door')).code).toBe(0);
    const file = join(alone.home, 'journal.db');
    await downgrade(await openTestSession(owner));
    const { code, stderr } = await newColleague(owner).run(`journal move --from ${file} --yes --reason test`);
    expect(code).toBe(9);
    expect(stderr).toContain('journal upgrade');
    expect((await alone.run('kiosk release WIS00002')).code).toBe(0);
  },
);
