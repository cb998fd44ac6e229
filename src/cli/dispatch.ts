import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command, Config } from '@oclif/core';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { globalFlags } from '../input/flags.ts';
import { BaseCommand } from './base-command.ts';
import { CommandOutput } from './command-output.ts';
import { commandFirst, findId } from './help/command-words.ts';
import { onForcedEnd, watchForBugs, watchOutput } from './terminal/signals.ts';

/** The file in `dist` of each command, by command id. Inserted by `scripts/build.ts`. */
declare const COMMAND_FILES: Readonly<Record<string, string>>;

/**
 * Runs the command that the arguments name, or shows help. Prints failures that occur outside a command (unknown
 * command, loading error).
 */
export async function dispatch(argv: readonly string[], root: string): Promise<void> {
  watchOutput();
  watchForBugs();
  onForcedEnd((failure) => report(failure, argv));
  try {
    await runCommand(argv, root);
  } catch (error) {
    report(asFailure(error), argv);
  }
}

async function runCommand(argv: readonly string[], root: string): Promise<void> {
  const wanted = commandFirst(argv[0] === 'help' ? argv.slice(1) : argv, takesValue);
  const { id, rest } = await findCommand(wanted, root);
  const isTopic = argv[0] === 'help';
  if (id === null || isTopic) return helpOrFail(root, wanted, { isTopic });
  const instance: unknown = Reflect.construct(await loadCommand(id, root), [[...rest], makeConfig(root)]);
  if (!(instance instanceof BaseCommand)) throw new TypeError(`${id} is not a command of kioskctl`);
  await instance.run();
}

/** Finds the command that the first words name, by id or alias. Aliases are only in the manifest. */
async function findCommand(argv: readonly string[], root: string): Promise<ReturnType<typeof findId>> {
  const found = findId(argv, ifCommand);
  if (found.id !== null) return found;
  const { idOf, readSurface } = await import('./help/surface.ts');
  const surface = readSurface(root);
  return findId(argv, (named) => ifCommand(idOf(surface, named)));
}

function ifCommand(id: string | null): string | null {
  return id !== null && Object.hasOwn(COMMAND_FILES, id) ? id : null;
}

function takesValue(flag: string): boolean {
  return Object.entries(globalFlags).some(([name, { type }]) => name === flag && type === 'option');
}

/** Shows the help that the words ask for. @throws Failure `unknown-command` if there is no help for the words */
async function helpOrFail(
  root: string,
  words: readonly string[],
  { isTopic }: { isTopic: boolean },
): Promise<void> {
  const { requestedHelp } = await import('./help/help.ts');
  const help = await requestedHelp(words, root);
  if (help !== null) return void process.stdout.write(help);
  const [{ unknownCommand }, { readSurface }] = await Promise.all([
    import('./help/unknown-command.ts'),
    import('./help/surface.ts'),
  ]);
  throw unknownCommand(readSurface(root), words, { isTopic });
}

function report(failure: Failure, argv: readonly string[]): boolean {
  return new CommandOutput(argv, null).fail({ exitCode: failure.exitCode, document: failure.toDocument() });
}

/**
 * Creates the part of oclif's `Config` that our commands and oclif's parser use. Loading all of it (manifest, themes,
 * folders, plugins, hooks) would take a tenth of the start-up time.
 */
function makeConfig(root: string): Pick<Config, 'bin' | 'commandIDs' | 'root' | 'runHook'> {
  return {
    bin: 'kioskctl',
    commandIDs: Object.keys(COMMAND_FILES),
    root,
    runHook: async () => ({ failures: [], successes: [] }),
  };
}

async function loadCommand(id: string, root: string): Promise<Command.Class> {
  const file = pathToFileURL(join(root, 'dist', COMMAND_FILES[id] ?? ''));
  const { COMMANDS }: { COMMANDS: Record<string, Command.Class> } = await import(file.href);
  const command = COMMANDS[id];
  if (!command) throw new TypeError(`${file.href} has no command ${id}`);
  command.id = id;
  return command;
}
