// Prints the oclif manifest of the built commands, or writes it (--write): what the help reads instead of loading them.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Leaves out what the help does not read: properties of oclif's plugins, and those without content. */
function withoutFillers(key: string, value: unknown): unknown {
  const isEmpty = value === false || (Array.isArray(value) && value.length === 0);
  return isEmpty || key.startsWith('plugin') ? undefined : value;
}

export async function makeManifest(): Promise<string> {
  const plugin = new Plugin({
    root,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    respectNoCacheDefault: true,
  });
  await plugin.load();
  const commands = Object.fromEntries(
    Object.entries(plugin.manifest.commands).toSorted(([left], [right]) => (left < right ? -1 : 1)),
  );
  // One property per line, without indentation: the help reads all of it at each start.
  const lines = JSON.stringify({ ...plugin.manifest, commands }, withoutFillers, 1).replaceAll(/^ +/gm, '');
  return `${lines}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const manifest = await makeManifest();
  if (process.argv.includes('--write')) writeFileSync(`${root}oclif.manifest.json`, manifest);
  else process.stdout.write(manifest);
}
