// Other users of the machine, and file systems that are full or read-only: real ones, which only root can make.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { type Ended, ended, type RunOptions, type User } from './program.ts';

export const isRoot = process.getuid?.() === 0;

/** A test that needs root. */
export const testAsRoot: typeof test.concurrent = isRoot ? test.concurrent : noTest();

function noTest(): typeof test.concurrent {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- collects nothing where nothing can be tried
  return (() => undefined) as unknown as typeof test.concurrent;
}

/** A user without an entry in the list of users, as `docker run --user 54321` has it. */
export const NOBODY_KNOWN = 54_321;

/** Runs a command as another user, who owns the home of this one. */
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

/** Gives a folder and all that is in it to another user. */
export function giveTo(path: string, uid = NOBODY_KNOWN): void {
  chownSync(path, uid, uid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) {
    const inner = join(path, name);
    if (!lstatSync(inner).isSymbolicLink()) giveTo(inner, uid);
  }
}

/** Makes a folder that anybody may enter. */
export function openTo(path: string, mode = 0o755): string {
  chmodSync(path, mode);
  return path;
}

/** Runs a script in bash with mounts of its own, which end with it. */
export async function shellWithMounts(user: User, script: string, options: RunOptions = {}): Promise<Ended> {
  const env = { ...user.env, ...options.env };
  return ended(spawn('unshare', ['--mount', 'bash', '-ec', script], { env }), options.input);
}
