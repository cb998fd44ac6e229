// The commands as the manifest describes them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ManifestCommand {
  effect: string;
  flags: object;
  examples: { command: string }[];
}

export const { commands: MANIFEST } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../oclif.manifest.json'), 'utf8'),
) as { commands: Record<string, ManifestCommand> };

/** The ids of the commands that only read: without more words, tests run them as their first example does. */
export const READING = Object.keys(MANIFEST).filter((id) => MANIFEST[id]?.effect === 'reads');

/** Returns the words of the first example of a command, for a card in place of that of the examples. */
export function firstExample(id: string, card: string): string {
  const [example] = MANIFEST[id]?.examples ?? [];
  if (!example) throw new Error(`${id} has no example`);
  return example.command.replace(/^kioskctl /, '').replaceAll('1001/501', card);
}
