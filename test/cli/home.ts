// A KIOSKCTL_HOME of its own for each test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { makeFiles } from '../../src/cli/terminal/files.ts';

/** The real files, with nothing on standard input. */
export const files = makeFiles({ readStdin: async () => '' });

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @param settings the settings file: as text, or as what is to be written as JSON */
export function makeHome(settings?: unknown): string {
  const folder = makeFolder();
  if (settings !== undefined)
    writeFileSync(
      join(folder, 'config.json'),
      typeof settings === 'string' ? settings : JSON.stringify(settings),
    );
  return folder;
}
