import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Where a built-in scenario is. @param root the folder of the package */
export function builtInFile(name: string, root: string): string {
  return join(root, 'scenarios', `${name}.yaml`);
}

/** The names of the scenarios that come with kioskctl, sorted. @param root the folder of the package */
export function builtInScenarios(root: string): string[] {
  return readdirSync(join(root, 'scenarios'))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => basename(file, '.yaml'))
    .toSorted();
}
