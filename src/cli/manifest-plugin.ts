import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command, Interfaces } from '@oclif/core';

type Manifest = Interfaces.Manifest;

/**
 * Makes the plugin that oclif sees in every CLI, from package.json and the manifest. oclif would make the same plugin, but
 * spends a tenth of the start-up on it (it sorts the commands by the rules of the user's language, for which Node reads
 * its tables).
 * @param root the folder of the package
 */
export function makeOwnPlugin(root: string): Interfaces.Plugin {
  const pjson = readJson<Interfaces.PJSON>(join(root, 'package.json'));
  const manifest = readJson<Manifest>(join(root, 'oclif.manifest.json'));
  const commands = Object.entries(manifest.commands)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([id, command]) => ({ ...command, load: async () => loadCommand(root, pjson, id) }));
  return {
    _base: '@oclif/core',
    alias: pjson.name,
    commandIDs: commands.map(({ id }) => id),
    commands,
    commandsDir: undefined,
    findCommand: async (id: string) => loadCommand(root, pjson, id),
    hasManifest: true,
    hooks: {},
    isRoot: true,
    load: async () => undefined,
    moduleType: 'module',
    name: pjson.name,
    options: { root },
    pjson,
    root,
    topics: Object.entries(pjson.oclif.topics ?? {}).map(([name, topic]) => ({ ...topic, name })),
    type: 'core',
    valid: true,
    version: pjson.version,
  };
}

type Commands = Record<string, Record<string, Command.Class>>;

/**
 * Loads a command like oclif's `explicit` strategy, from the module that package.json names. Usual commands are in a part
 * of it that is loaded in any case.
 */
async function loadCommand(root: string, pjson: Interfaces.PJSON, id: string): Promise<Command.Class> {
  const { commands } = pjson.oclif;
  if (typeof commands !== 'object' || !commands.target) throw new TypeError('package.json names no commands');
  const { target, identifier = 'default' } = commands;
  const load = async (file: string): Promise<Commands> => import(pathToFileURL(join(root, file)).href);
  const usual = await load(target.replace('commands.js', 'usual-commands.js'));
  const command = usual[identifier]?.[id] ?? (await load(target))[identifier]?.[id];
  if (!command)
    throw new TypeError(`the manifest names a command ${id} that isn't there: run npm run manifest`);
  command.id = id;
  return command;
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function readJson<Content>(file: string): Content {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own files, which the tests check
  return JSON.parse(readFileSync(file, 'utf8')) as Content;
}
