import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Age at which a draft counts as abandoned by a killed process. Process ids are no proof: containers have separate
 * ones.
 */
const ABANDONED_MS = 600_000;

/**
 * Deletes the abandoned drafts of a file. A process that resumes after a long suspension finds its draft deleted, and
 * fails before it replaces the file.
 * @param suffix matches the part of a draft's name after the file name
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
    // A remaining draft does no harm.
  }
}
