// A journal behind a symbolic link, as where a disk of its own is mounted.
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { deliver, EventSigner } from '../harness/events.ts';
import { expectError, User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

interface Linked {
  user: User;
  link: string;
  place: string;
}

/** A user whose journal is on another disk, with a kiosk on hold in it. */
async function linkedJournal(context: TestContext): Promise<Linked> {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
  context.onTestFinished(() => user.leave());
  const [link, disk] = [join(user.home, 'journal.db'), join(user.home, 'disk')];
  const place = join(disk, 'cards.db');
  mkdirSync(disk);
  expect((await user.run('kiosk hold WIS00001 --reason one')).code).toBe(0);
  renameSync(link, place);
  symlinkSync(place, link);
  return { user, link, place };
}

describe.concurrent('a journal behind a link', () => {
  test('a journal behind a link does not count as replaced, and its log is next to the target', async (context) => {
    const { user, link, place } = await linkedJournal(context);
    expect((await user.run('kiosk hold WIS00002 --reason two')).code).toBe(0);
    expect((await user.run('journal show --json')).json).toMatchObject({ exitCode: 0, file: link });
    expect(existsSync(`${link}-wal`)).toBe(false);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(lstatSync(place).isFile()).toBe(true);
  });

  test('a listener reports a replaced journal when the link changes its target', async (context) => {
    const { user, link, place } = await linkedJournal(context);
    const signer = new EventSigner();
    writeFileSync(join(user.home, 'key.pem'), signer.publicKey);
    await user.run(`journal backup ${place}.copy`);
    const listener = await ListenerProcess.start(user.env, '--public-key', join(user.home, 'key.pem'));
    context.onTestFinished(() => void listener.child.kill('SIGKILL'));
    expect(await deliver(listener.url, signer.event())).toBe(200);
    const closed = new Promise<number | null>((resolve) => listener.child.once('close', resolve));
    rmSync(link);
    symlinkSync(`${place}.copy`, link);
    expect(await deliver(listener.url, signer.event())).toBe(503);
    expect(await closed).toBe(9);
  });

  test('journal restore replaces the target of a link, and the link remains', async (context) => {
    const { user, link, place } = await linkedJournal(context);
    const backup = join(user.home, 'backup.db');
    expect((await user.run(`journal backup ${backup}`)).code).toBe(0);
    expect((await user.run(`journal restore ${backup} --yes`)).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readdirSync(join(place, '..')).filter((name) => name.includes('.replaced-'))).toHaveLength(1);
    expect((await user.run('kiosk hold WIS00003 --reason three')).code).toBe(0);
  });

  test('a broken link as journal is refused, and nothing is created', async (context) => {
    const { user, link, place } = await linkedJournal(context);
    rmSync(place);
    const { code, stderr } = await user.run('kiosk hold WIS00002 --reason two');
    expect(code).toBe(9);
    expect(stderr).toContain(`The journal ${link} is a link to a file that does not exist.`);
    const restore = await user.run(`journal restore ${join(user.home, 'none.db')} --yes --json`);
    expectError(restore, { code: 2, error: 'invalid-input', message: /does not exist/, hint: /./ });
    expect(existsSync(place)).toBe(false);
  });
});
