// What a release runs, one program after the other. With --dry-run, the programs are only printed.
import { execFileSync } from 'node:child_process';

export const isDry = process.argv.includes('--dry-run');

/** Arguments of the script, without flags. */
export const words = process.argv.slice(2).filter((word) => !word.startsWith('--'));

/**
 * Prints a command, and runs it. With --dry-run, only our own scripts are run, dry as well.
 * @param options `input` goes to its standard input and is not printed
 * @throws if it fails
 */
export function step(program: string, args: readonly string[], { input }: { input?: string } = {}): void {
  process.stdout.write(`$ ${[program, ...args].map(quoted).join(' ')}\n`);
  if (isDry && program !== 'node') return;
  const stdin = input === undefined ? 'inherit' : 'pipe';
  const isScript = program === 'node';
  // npm is a script for cmd.exe on Windows.
  const shell = process.platform === 'win32' && !isScript;
  execFileSync(isScript ? process.execPath : program, isDry ? [...args, '--dry-run'] : args, {
    stdio: [stdin, 'inherit', 'inherit'],
    shell,
    ...(input !== undefined && { input }),
  });
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Ends the script with 1 if something speaks against the release. */
export function refuse(obstacles: readonly string[]): void {
  for (const obstacle of obstacles) process.stderr.write(`${obstacle}\n`);
  if (obstacles.length > 0) process.exitCode = 1;
}
