// What a machine allows. Tests that it does not allow are no skipped tests: the end of the run names them.
import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, TestRunner, test } from 'vitest';
import { recordNotTried } from './end-of-run.ts';

export const isLinux = process.platform === 'linux';

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
 * Returns vitest's `test` for what not every machine allows.
 * @param obstacle the reason why this machine does not; null if it does
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
  // The rest of what `test` has is not used by these tests.
  return Object.assign(recorder, { concurrent: recorder }) as unknown as typeof test;
}
