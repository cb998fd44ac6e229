// The features of a machine. A test that needs a missing one is not skipped silently: the end of the run reports it.
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, TestRunner, test } from 'vitest';
import { recordNotTried } from './end-of-run.ts';

export const isLinux = process.platform === 'linux';

/** Returns the path of the first installed program of a list. */
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
 * Returns vitest's `test` for tests that not every machine supports.
 * @param obstacle the reason; null if this machine supports them
 */
export function testUnless(obstacle: string | null): typeof test {
  if (obstacle === null) return test;
  const declare = (title: string) => {
    const titles = [TestRunner.getCurrentSuite().name, title].filter(Boolean);
    const { testPath: file = '' } = expect.getState();
    recordNotTried(tmpdir(), { file, test: `${titles.join(' ')} (${obstacle})` });
  };
  const several = () => declare;
  const recorder = Object.assign(declare, { each: several, for: several });
  // These tests use no other members of `test`.
  return Object.assign(recorder, { concurrent: recorder }) as unknown as typeof test;
}
