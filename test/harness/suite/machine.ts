// What a machine allows. Tests that it does not allow are no skipped tests: the end of the run names them.
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'vitest';
import { recordNotTried } from './end-of-run.ts';

/** Returns the path of the first of these programs that is installed. */
export function findProgram(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Declares a test that not every machine allows.
 * @param obstacle the reason why this machine does not; null if it does
 */
export function testUnless(obstacle: string | null) {
  return (title: string, run: () => Promise<void> | void, timeout?: number): void => {
    if (obstacle === null) test(title, run, timeout);
    else recordNotTried(tmpdir(), `${title} (${obstacle})`);
  };
}
