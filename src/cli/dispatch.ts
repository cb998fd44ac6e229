import { Config } from '@oclif/core';
import { asFailure, type Failure } from '../domain/errors/failure.ts';
import { globalFlags } from '../input/flags.ts';
import { wantsFlag } from '../output/result.ts';
import { BaseCommand } from './base-command.ts';
import { CommandOutput } from './command-output.ts';
import { KioskctlHelp, unknownCommand } from './help.ts';
import { makeOwnPlugin } from './manifest-plugin.ts';
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
  const wanted = argv[0] === 'help' ? argv.slice(1) : commandFirst(argv);
  const { id, rest } = findId(config, wanted);
  const isHelp = argv[0] === 'help' || wantsFlag(argv, '--help') || wantsFlag(argv, '-h');
  if (isHelp || argv.length === 0) {
    return new KioskctlHelp(config).show(
      id,
      wanted.filter((word) => !word.startsWith('-')),
    );
  }
  const command = id === null ? undefined : config.findCommand(id);
  if (!command) throw unknownCommand(config, wanted);
  // oclif's own runner would load the configuration a second time; our commands handle their errors themselves.
  const instance: unknown = Reflect.construct(await command.load(), [[...rest], config]);
  if (!(instance instanceof BaseCommand)) throw new TypeError(`${command.id} is not a command of kioskctl`);
  await instance.run();
}

/** Moves global flags behind the command: `kioskctl --context ci status`. */
function commandFirst(argv: readonly string[]): readonly string[] {
  let count = 0;
  while (argv[count]?.startsWith('--')) {
    const name = argv[count]?.slice(2);
    const [, flag] = Object.entries(globalFlags).find(([own]) => own === name) ?? [];
    count += flag?.type === 'option' ? 2 : 1;
  }
  return [...argv.slice(count), ...argv.slice(0, count)];
}

/** Finds the longest run of leading words that names a command or a topic. */
function findId(config: Config, argv: readonly string[]): { id: string | null; rest: readonly string[] } {
  const end = argv.findIndex((word) => word.startsWith('-'));
  const words = argv.slice(0, Math.min(end < 0 ? argv.length : end, 3));
  for (let length = words.length; length > 0; length -= 1) {
    const id = words.slice(0, length).join(':');
    if (config.findCommand(id) || config.findTopic(id)) return { id, rest: argv.slice(length) };
  }
  return { id: null, rest: argv };
}

function report(failure: Failure, argv: readonly string[]): boolean {
  return new CommandOutput(argv, null).fail({ exitCode: failure.exitCode, document: failure.toDocument() });
}
