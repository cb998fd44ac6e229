// Other users of the machine, and full or read-only file systems. Creating them requires root.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY, type Ended, ended, type RunOptions, type User } from './program.ts';
import { testUnless } from './suite/machine.ts';

/** An id without an entry in the user database, as with `docker run --user 54321`. */
export const NOBODY_KNOWN = 54_321;

/** A test that executes commands as another user. */
export const testAsRoot = testUnless(
  works(process.execPath, [BINARY, '--version'], NOBODY_KNOWN)
    ? null
    : 'it needs root, and a folder that others may enter',
);

/** A test that mounts file systems. */
export const testWithMounts = testUnless(
  works('unshare', ['--mount', 'bash', '-ec', `mount -t tmpfs none '${tmpdir()}'; dd if=/dev/null`])
    ? null
    : 'it needs root that may mount, unshare, bash and dd',
);

function works(program: string, args: string[], uid?: number): boolean {
  return spawnSync(program, args, { cwd: '/', ...(uid !== undefined && { uid, gid: uid }) }).status === 0;
}

/** Executes a command as another user, who owns the home of this one. */
export async function runAs(
  user: User,
  {
    uid = NOBODY_KNOWN,
    args,
    env,
    input,
    cwd = '/',
  }: RunOptions & { uid?: number; args: string; cwd?: string },
): Promise<Ended> {
  const words = [user.binary, ...args.split(' ')];
  const options = { env: { ...user.env, ...env }, uid, gid: uid, cwd };
  return ended(spawn(process.execPath, words, options), input);
}

/** Changes the owner of a folder and its content. */
export function giveTo(path: string, uid = NOBODY_KNOWN): void {
  chownSync(path, uid, uid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) {
    const inner = join(path, name);
    if (!lstatSync(inner).isSymbolicLink()) giveTo(inner, uid);
  }
}

/** Makes a test folder accessible to every user. */
export function openToAll(path: string): string {
  chmodSync(path, 0o755);
  return path;
}

/** Executes a bash script in a mount namespace of its own. */
export async function shellWithMounts(user: User, script: string, options: RunOptions = {}): Promise<Ended> {
  const env = { ...user.env, ...options.env };
  return ended(spawn('unshare', ['--mount', 'bash', '-ec', script], { env }), options.input);
}
