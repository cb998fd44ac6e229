import { basename, join } from 'node:path';
import type { Files } from '../context/files.ts';

/** Returns the path of a built-in scenario. @param root folder of the package */
export function builtInFile(name: string, root: string): string {
  return join(root, 'scenarios', `${name}.yaml`);
}

/** Lists the names of the built-in scenarios, sorted. */
export function builtInScenarios({ root, files }: { root: string; files: Pick<Files, 'list'> }): string[] {
  return files
    .list(join(root, 'scenarios'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .toSorted();
}
