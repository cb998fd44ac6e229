import { writeSync } from 'node:fs';
import packageJson from '../../package.json' with { type: 'json' };
import type { Program } from './dispatch.ts';
import { findId } from './help/command-words.ts';
import { cacheFolder } from './settings/paths.ts';

/**
 * The ids of the commands in each file of `dist`. Of the files with a command, the last one is the smallest. Inserted by
 * `scripts/build.ts`.
 */
declare const COMMANDS_IN_FILES: Readonly<Record<string, readonly string[]>>;

/**
 * Runs the program. For a quick start, handles `--version` before any other module is loaded, and help and shell
 * completion before oclif is loaded.
 * @param root folder of the package
 * @param options `isOwnProcess`: true if the process runs only this command, and may use its cache of compiled code
 */
export async function main(
  root: string,
  { isOwnProcess = false }: { isOwnProcess?: boolean } = {},
): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && ['--version', '-v', 'version'].includes(argv[0] ?? '')) {
    const line = `kioskctl/${packageJson.version} ${process.platform}-${process.arch} node-${process.version}\n`;
    return isOwnProcess ? printDirectly(line) : print(line);
  }
  const { loadFrom, saveCache, useCache } = await import('../machine/code-cache.ts');
  loadFrom(`${root}dist`);
  const files = Object.fromEntries(
    Object.entries(COMMANDS_IN_FILES).flatMap(([file, ids]) => ids.map((id) => [id, file])),
  );
  const base = isOwnProcess ? cacheFolder() : null;
  if (base !== null) useCache({ base, version: packageJson.version, command: cacheName(argv, files) });
  await run(argv, { root, files });
  saveCache();
}

async function run(argv: readonly string[], program: Program): Promise<void> {
  const { root } = program;
  if (argv[0] === 'complete') {
    const { complete } = await import('./completion/complete.ts');
    process.stdout.on('error', () => undefined);
    process.stdout.write(await complete(argv.slice(1), root));
    return;
  }
  if (isHelp(argv)) {
    const { requestedHelp } = await import('./help/help.ts');
    const help = await requestedHelp(argv, root);
    if (help !== null) return print(help);
  }
  const { dispatch } = await import('./dispatch.ts');
  await dispatch(argv, program);
}

const STDOUT = 1;
const HELP = new Set(['help', '--help', '-h']);

function isHelp(argv: readonly string[]): boolean {
  return argv.length === 0 || argv.some((word) => HELP.has(word));
}

/** Returns the id of the command, or a name for what is no command. */
function cacheName(argv: readonly string[], files: Program['files']): string {
  if (argv[0] === 'complete') return 'complete';
  if (isHelp(argv)) return 'help';
  return findId(argv, (named) => (Object.hasOwn(files, named) ? named : null)).id ?? 'other';
}

/** Prints without a stream, which would take most of the time of `--version`. */
function printDirectly(text: string): void {
  let rest = text;
  try {
    rest = text.slice(writeSync(STDOUT, text));
  } catch {
    // The stream waits until a full pipe is read, and reports a failure.
  }
  if (rest !== '') print(rest);
}

function print(text: string): void {
  // A closed pipe is no failure, but a full disk is.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.exitCode = 1;
    process.stderr.write(`Error: The output can't be written (${code}).\n`);
  });
  process.stdout.write(text);
}
