// A KIOSKCTL_HOME for each test.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type Interfaces, Parser } from '@oclif/core';
import { onTestFinished } from 'vitest';
import { makeFiles } from '../../src/cli/terminal/files.ts';
import type { Io } from '../../src/cli/terminal/io.ts';
import { SimulatedClock } from './clock.ts';

/** The real file system, with an empty standard input. */
export const files = makeFiles({ readStdin: async () => '' });

export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Creates a file that is neither a regular file nor a folder. */
export async function makeSocket(path: string): Promise<void> {
  const server = createServer();
  onTestFinished(() => void server.close());
  await once(server.listen(path), 'listening');
}

/**
 * Overwrites a file in place, like `cp`. Uses another process: closing the file in this one would release its locks.
 */
export function copyInPlace(from: string, to: string): void {
  execFileSync(process.execPath, ['-e', 'fs.copyFileSync(...process.argv.slice(1))', from, to]);
}

/** Creates a KIOSKCTL_HOME. @param settings the settings file: text, or an object to write as JSON */
export function makeHome(settings?: unknown): string {
  const folder = makeFolder();
  if (settings !== undefined)
    writeFileSync(
      join(folder, 'config.json'),
      typeof settings === 'string' ? settings : JSON.stringify(settings),
    );
  return folder;
}

// An Io for tests: with or without a terminal, with a stopped clock, recording all output.
export interface TestIo extends Io {
  /** Lines of standard error. */
  readonly lines: string[];
  readonly clock: SimulatedClock;
}

export function makeIo({
  isTerminal = false,
  color = false,
}: {
  isTerminal?: boolean;
  color?: boolean;
} = {}): TestIo {
  const lines: string[] = [];
  const stderr = Object.assign(new PassThrough(), { isTTY: isTerminal, columns: 100, rows: 24 });
  stderr.resume();
  const clock = new SimulatedClock(Date.UTC(2026, 2, 1));
  return {
    lines,
    clock,
    calendar: clock.calendar,
    stopwatch: clock.stopwatch,
    uptime: clock.uptime,
    out: () => undefined,
    err: (text) => void lines.push(...text.replace(/\n$/, '').split('\n')),
    unread: () => 0,
    readStdin: async () => '',
    isStdoutTerminal: isTerminal,
    isStdinTerminal: isTerminal,
    isInteractive: isTerminal,
    isDumb: false,
    isLive: false,
    isStdoutLive: false,
    color: { stdout: color, stderr: color },
    columnsOf: () => (isTerminal ? 100 : null),
    breakLines: (text) => text,
    stdout: stderr as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
  };
}

/** Values of flags, as a test writes them. */
export type Given = Readonly<Record<string, string | readonly string[] | boolean>>;

/** Parses flags like a command. @throws Failure for an invalid value */
export async function parseFlags<Flags extends Record<string, unknown>>(
  flags: Interfaces.FlagInput<Flags>,
  given: Given,
): Promise<Flags & { json: boolean | undefined }> {
  const argv = Object.entries(given).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : [];
    return [value].flat().map((one) => `--${name}=${one}`);
  });
  try {
    const parsed = await Parser.parse(argv, { flags });
    return parsed.flags;
  } catch (error) {
    throw error instanceof Error ? (error.cause ?? error) : error;
  }
}
