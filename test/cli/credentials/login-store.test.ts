// Stored logins: which API they are for, and what happens to them while they are renewed.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { forget, type StoredUser } from '../../../src/cli/credentials/login-store.ts';
import { tryLock } from '../../../src/database/lock.ts';
import { Client } from '../../../src/wise/client.ts';
import { isLinux, testUnless } from '../../harness/suite/machine.ts';
import { HOUR, TestCredentials } from './test-credentials.ts';

const CLIENT = { clientId: 'my-bank', clientSecret: 'client-secret-4711' };

/** A login that was stored, in the file. */
async function storedLogin(world: TestCredentials, more: Partial<StoredUser> = {}): Promise<void> {
  await world.declare('refresh-4711', 'good');
  const end = world.io.clock.now() + HOUR;
  const user = {
    profileId: 1001,
    accessToken: 'stored-4711',
    endsAt: end,
    refreshToken: 'refresh-4711',
    ...more,
  };
  await world.open().credentials.logins.add({ client: CLIENT, user }, { isPlain: true });
}

describe('a login is for one API', () => {
  test('a login for one API is not used for another', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    for (const baseUrl of ['https://other.example', null]) {
      const { credentials } = world.open({ baseUrl });
      await expect(credentials.sourceFor(1001)).rejects.toMatchObject({ code: 'credentials-missing' });
      await expect(credentials.ofClient()).rejects.toMatchObject({ code: 'credentials-missing' });
    }
    const { credentials } = world.open({ baseUrl: `${world.url}/another/path` });
    expect(await (await credentials.sourceFor(1001)).token.get()).toBe('stored-4711');
  });

  test('a login for another API replaces the stored one completely', async () => {
    const world = await TestCredentials.open();
    await storedLogin(world);
    const { logins } = world.open({ baseUrl: 'https://other.example' }).credentials;
    const client = { clientId: 'other', clientSecret: 'other-secret' };
    await logins.add({ client }, { isPlain: true });
    expect((await logins.find())?.login).toEqual({ client });
    expect(readFileSync(world.file, 'utf8')).not.toContain('4711');
    expect(await world.open().credentials.logins.find()).toBeNull();
  });
});

/** A vendor that holds its answer to a renewal back until it is told to give it. */
async function renewing(
  world: TestCredentials,
  answer: object = {},
  head: { status?: number; pause?: string } = {},
) {
  const [arrived, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const server = createServer((request, response) => {
    arrived.resolve();
    const good = {
      access_token: 'renewed-4711',
      refresh_token: 'refresh-4712',
      expires_in: 43_200,
      ...answer,
    };
    request.resume();
    response.writeHead(head.status ?? 200, { 'retry-after': head.pause ?? '0' });
    void release.promise.then(() => response.end(JSON.stringify(good)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const wise = new Client({
    baseUrl: async () => `http://127.0.0.1:${port}`,
    apiVersion: 'legacy',
    token: async () => 'none',
    userAgent: 'test',
  });
  await storedLogin(world, { endsAt: world.io.clock.now() });
  const { token } = await world.open({}, { client: () => wise }).credentials.sourceFor(1001);
  const renewed = token.get();
  await arrived.promise;
  return { renewed, release: release.resolve };
}

describe('while a login is renewed', () => {
  test('a logout during a renewal waits, and is not undone', async () => {
    const world = await TestCredentials.open();
    const { renewed, release } = await renewing(world);
    const out = forget(world.open().credentials.logins, () => undefined);
    release();
    expect(await renewed).toBe('renewed-4711');
    expect((await out).removed).toHaveLength(1);
    expect(existsSync(world.file)).toBe(false);
  });

  test('a logout that did not wait for a renewal is not undone either', async () => {
    const world = await TestCredentials.open();
    const { renewed, release } = await renewing(world);
    await world.open().credentials.logins.remove();
    release();
    expect(await renewed, 'the command goes on').toBe('renewed-4711');
    expect(existsSync(world.file)).toBe(false);
  });

  test('a new login during a renewal stays', async () => {
    const world = await TestCredentials.open();
    const { renewed, release } = await renewing(world);
    await storedLogin(world, { accessToken: 'fresh-4711', refreshToken: 'refresh-4713' });
    release();
    await renewed;
    const { logins } = world.open().credentials;
    expect((await logins.find())?.login.user).toMatchObject({ accessToken: 'fresh-4711' });
  });

  test('a renewal gives up before the processes that wait for it do', async () => {
    const world = await TestCredentials.open();
    const { renewed, release } = await renewing(world, {}, { status: 503, pause: '20' });
    const failed = expect(renewed).rejects.toMatchObject({ exitCode: 7, message: 'The API failed (503).' });
    release();
    await failed;
  });

  test('a token that never lasts long is renewed once, not by each command', async () => {
    const world = await TestCredentials.open();
    const { renewed, release } = await renewing(world, { expires_in: 50 });
    release();
    await renewed;
    const again = async () => (await world.open().credentials.sourceFor(1001)).token.get();
    world.io.clock.time += 20_000;
    expect(await again()).toBe('renewed-4711');
    world.io.clock.time += 10_000;
    await expect(again(), 'the sandbox does not know it').rejects.toMatchObject({
      code: 'credentials-refused',
    });
  });
});

test('no login is written without the lock of its file', async () => {
  const world = await TestCredentials.open();
  await storedLogin(world);
  const release = tryLock(`${world.file}.lock`);
  onTestFinished(() => release?.());
  const before = readFileSync(world.file, 'utf8');
  const { logins } = world.open({}, { stopwatch: world.io.stopwatch }).credentials;
  for (const change of [logins.add({ client: CLIENT }, { isPlain: true }), logins.remove()])
    await expect(change).rejects.toMatchObject({
      code: 'storage-unusable',
      message: expect.stringContaining('locked'),
    });
  expect(readFileSync(world.file, 'utf8')).toBe(before);
});

testUnless(isLinux ? null : 'only Linux has it')('a keyring that cannot be asked is said', async () => {
  vi.stubEnv('DBUS_SESSION_BUS_ADDRESS', 'unix:path=/nowhere/bus');
  onTestFinished(() => void vi.unstubAllEnvs());
  const world = await TestCredentials.open();
  await storedLogin(world);
  const warned: string[] = [];
  const removal = await forget(world.open().credentials.logins, (text) => void warned.push(text));
  expect(removal).toMatchObject({ removed: [{ isPlain: true }], unasked: [{ isPlain: false }] });
  expect(warned).toEqual(['A login may remain in the keyring of this system, which could not be read.']);
});
