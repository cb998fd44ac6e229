import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A draft to which nobody wrote for this long was left by a killed process: a process id proves nothing across containers. */
const ABANDONED_MS = 600_000;

/**
 * Deletes the drafts of a file that killed processes left beside it. A process that was suspended for as long finds its own
 * gone, and fails before it replaces anything.
 * @param suffix matches the end of the names of drafts, after the name of the file
 */
export function removeAbandonedDrafts(file: string, suffix: RegExp): void {
  const [folder, name] = [dirname(file), basename(file)];
  try {
    for (const entry of readdirSync(folder)) {
      if (!entry.startsWith(name) || !suffix.test(entry.slice(name.length))) continue;
      const path = join(folder, entry);
      if (Date.now() - lstatSync(path).mtimeMs > ABANDONED_MS) rmSync(path, { force: true });
    }
  } catch {
    // A draft that stays is no reason to fail.
  }
}
