// A failover to a real standby, which streams from its primary until that crashes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { PostgresAddress } from '../../src/postgres/address.ts';
import { startSandbox } from '../../src/testing/start-sandbox.ts';
import { OwnServer } from '../harness/own-server.ts';
import { makeSchema, openTestSession, testWithPostgres } from '../harness/postgres.ts';
import { ListenerProcess } from '../harness/served.ts';
import { newColleague } from './users.ts';

const KIOSK = 'WIS00001';

testWithPostgres(
  'after the failover to a standby in the middle of a detached plan, a server on the standby cancels the plan and sends nothing',
  async () => {
    await using sandbox = await startSandbox({ speed: 50, callbackCheck: false });
    const primary = await OwnServer.open();
    const journal = await makeSchema(primary);
    const standby = await primary.startStandby();
    const userOf = (address: PostgresAddress) =>
      newColleague(address, { KIOSKCTL_BASE_URL: sandbox.url, KIOSKCTL_SETTLE: '1s' });
    const serve = async (address: PostgresAddress) => {
      const { env, home } = userOf(address);
      const key = join(home, 'key.pem');
      writeFileSync(key, sandbox.publicKey);
      const server = await ListenerProcess.serve(env, '--accept-plans', '--public-key', key);
      onTestFinished(async () => void (await server.end('SIGKILL')));
      return server;
    };
    const puts = () => sandbox.requests().filter(({ method }) => method === 'PUT').length;

    const ada = userOf(journal);
    const server = await serve(journal);
    const cards = [sandbox.readyCard(), sandbox.readyCard()].map(({ cardToken }) => `1001/${cardToken}`);
    const outcome = { kind: 'outcome', kioskId: KIOSK } as const;
    sandbox.addFault({ ...outcome, status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR', times: 2 });
    const produced = await ada.run(['produce', ...cards, '--kiosk', KIOSK, '--yes', '--wait', '--json']);
    expect(produced.code, produced.stderr).toBe(4);
    // The first card is in its kiosk for some seconds.
    sandbox.addFault({ ...outcome, status: 'PRODUCED', times: 10, afterMs: 250_000 });
    const detach = `kiosk recover ${KIOSK} --yes --rejected none --release --attended --detach --json --reason closed`;
    const { code, json, stdout } = await ada.run(detach.split(' '));
    expect(code, stdout).toBe(0);
    const { id } = json.detached;
    await expect.poll(puts, { timeout: 10_000 }).toBe(3);

    const promoted = { ...journal, port: standby.port };
    const session = await openTestSession(promoted);
    const stateOf = async () => {
      const { rows } = await session.run<{ state: string }>('SELECT state FROM plans');
      return rows[0]?.state;
    };
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('running');
    await server.end('SIGKILL');
    await primary.stop('SIGQUIT');
    await session.run('SELECT pg_promote()');
    await serve(promoted);
    await expect.poll(stateOf, { timeout: 10_000 }).toBe('cancelled');
    const bob = userOf(promoted);
    const follow = await bob.run(['runs', 'show', id, '--follow', '--json']);
    expect(follow.code, follow.stdout).toBe(9);
    expect(follow.stdout).toContain('failed over');
    expect(puts()).toBe(3);
  },
  120_000,
);
