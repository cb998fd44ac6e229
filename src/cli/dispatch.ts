import type { Command, Config } from '@oclif/core';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { globalFlags } from '../input/flags.ts';
import { BaseCommand } from './base-command.ts';
import { CommandOutput } from './command-output.ts';
import { commandFirst, findId } from './help/command-words.ts';
import { loadWrapping } from './terminal/io.ts';
import { dropTraces, onForcedEnd, watchForBugs, watchOutput } from './terminal/signals.ts';

/** The built program. */
export interface Program {
  /** Folder of the package. */
  root: string;
  /** The file in `dist` of each command, by command id. */
  files: Readonly<Record<string, string>>;
}

/**
 * Runs the command that the arguments name, or shows help. Prints failures that occur outside a command (unknown
 * command, loading error).
 */
export async function dispatch(argv: readonly string[], program: Program): Promise<void> {
  dropTraces();
  watchOutput();
  watchForBugs();
  onForcedEnd((failure) => report(failure, argv));
  try {
    await loadWrapping();
    await runCommand(argv, program);
  } catch (error) {
    report(asFailure(error), argv);
  }
}

async function runCommand(argv: readonly string[], program: Program): Promise<void> {
  const wanted = commandFirst(argv[0] === 'help' ? argv.slice(1) : argv, takesValue);
  const { id, rest } = await findCommand(wanted, program);
  const isTopic = argv[0] === 'help';
  if (id === null || isTopic) return helpOrFail(program.root, wanted, { isTopic });
  const instance: unknown = Reflect.construct(await loadCommand(id, program), [
    [...rest],
    makeConfig(program),
  ]);
  if (!(instance instanceof BaseCommand)) throw new TypeError(`${id} is not a command of kioskctl`);
  await instance.run();
}

/** Finds the command that the first words name, by id or alias. Aliases are only in the manifest. */
async function findCommand(
  argv: readonly string[],
  { root, files }: Program,
): Promise<ReturnType<typeof findId>> {
  const ifCommand = (id: string | null) => (id !== null && Object.hasOwn(files, id) ? id : null);
  const found = findId(argv, ifCommand);
  if (found.id !== null) return found;
  const { idOf, readSurface } = await import('./help/surface.ts');
  const surface = readSurface(root);
  return findId(argv, (named) => ifCommand(idOf(surface, named)));
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
function makeConfig({ root, files }: Program): Pick<Config, 'bin' | 'commandIDs' | 'root' | 'runHook'> {
  return {
    bin: 'kioskctl',
    commandIDs: Object.keys(files),
    root,
    runHook: async () => ({ failures: [], successes: [] }),
  };
}

/** Loads a command. In `dist`, the import is a call of `load` (`machine/code-cache.ts`). */
async function loadCommand(id: string, { files }: Program): Promise<Command.Class> {
  const file = `./${files[id]}`;
  const { COMMANDS }: { COMMANDS: Record<string, Command.Class> } = await import(file);
  const command = COMMANDS[id];
  if (!command) throw new TypeError(`${file} has no command ${id}`);
  command.id = id;
  return command;
}
