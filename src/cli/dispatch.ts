import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Config, type Interfaces } from '@oclif/core';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { globalFlags } from '../input/flags.ts';
import { BaseCommand } from './base-command.ts';
import { CommandOutput } from './command-output.ts';
import { commandFirst, findId } from './help/command-words.ts';
import { onForcedEnd, watchForBugs, watchOutput } from './terminal/signals.ts';

/**
 * Runs the command that the arguments name, or shows help. Failures outside of a command (an unknown one, one that can't
 * be loaded) are printed here.
 */
export async function dispatch(argv: readonly string[], root: string): Promise<void> {
  watchOutput();
  watchForBugs();
  onForcedEnd((failure) => report(failure, argv));
  try {
    const plugin = makeOwnPlugin(root);
    const config = await Config.load({ root, plugins: new Map([[plugin.name, plugin]]), userPlugins: false });
    await runCommand(config, argv);
  } catch (error) {
    report(asFailure(error), argv);
  }
}

async function runCommand(config: Config, argv: readonly string[]): Promise<void> {
  const wanted = commandFirst(argv[0] === 'help' ? argv.slice(1) : argv, takesValue);
  const { id, rest } = findId(wanted, (named) => config.findCommand(named)?.id ?? null);
  const command = id === null || argv[0] === 'help' ? undefined : config.findCommand(id);
  if (!command) return helpOrFail(config.root, wanted);
  // oclif's own runner would load the configuration a second time; our commands handle their errors themselves.
  const instance: unknown = Reflect.construct(await command.load(), [[...rest], config]);
  if (!(instance instanceof BaseCommand)) throw new TypeError(`${command.id} is not a command of kioskctl`);
  await instance.run();
}

function takesValue(flag: string): boolean {
  return Object.entries(globalFlags).some(([name, { type }]) => name === flag && type === 'option');
}

/** Shows the help of a group of commands. @throws Failure `unknown-command` for other words */
async function helpOrFail(root: string, words: readonly string[]): Promise<void> {
  const { requestedHelp } = await import('./help/help.ts');
  const help = await requestedHelp(words, root);
  if (help !== null) return void process.stdout.write(help);
  const [{ unknownCommand }, { readSurface }] = await Promise.all([
    import('./help/unknown-command.ts'),
    import('./help/surface.ts'),
  ]);
  throw unknownCommand(readSurface(root), words);
}

function report(failure: Failure, argv: readonly string[]): boolean {
  return new CommandOutput(argv, null).fail({ exitCode: failure.exitCode, document: failure.toDocument() });
}

type Manifest = Interfaces.Manifest;

/**
 * Makes the plugin that oclif sees in every CLI, from package.json and the manifest. oclif would make the same plugin, but
 * spends a tenth of the start-up on it (it sorts the commands by the rules of the user's language, for which Node reads
 * its tables).
 * @param root the folder of the package
 */
function makeOwnPlugin(root: string): Interfaces.Plugin {
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
