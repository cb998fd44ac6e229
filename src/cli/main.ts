import packageJson from '../../package.json' with { type: 'json' };

/**
 * Runs the program. For a quick start, handles `--version` before any other module is loaded, and help and shell
 * completion before oclif is loaded.
 * @param root folder of the package
 * @param beforeLoading called before further modules are loaded
 */
export async function main(root: string, beforeLoading?: () => void): Promise<void> {
  const argv = process.argv.slice(2);
  if (argv.length === 1 && ['--version', '-v', 'version'].includes(argv[0] ?? '')) {
    return print(
      `kioskctl/${packageJson.version} ${process.platform}-${process.arch} node-${process.version}\n`,
    );
  }
  beforeLoading?.();
  if (argv[0] === 'complete') {
    const { complete } = await import('./completion/complete.ts');
    process.stdout.on('error', () => undefined);
    process.stdout.write(await complete(argv.slice(1), root));
    return;
  }
  if (argv.length === 0 || argv.some((word) => HELP.has(word))) {
    const { requestedHelp } = await import('./help/help.ts');
    const help = await requestedHelp(argv, root);
    if (help !== null) return print(help);
  }
  const { dispatch } = await import('./dispatch.ts');
  await dispatch(argv, root);
}

const HELP = new Set(['help', '--help', '-h']);

function print(text: string): void {
  // A closed pipe is no failure, but a full disk is.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE') return;
    process.exitCode = 1;
    process.stderr.write(`Error: The output can't be written (${code}).\n`);
  });
  process.stdout.write(text);
}
