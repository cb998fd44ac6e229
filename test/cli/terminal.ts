// An Io for tests: a terminal or none, a clock that stands still, and everything that was written.
import { PassThrough } from 'node:stream';
import type { Io } from '../../src/cli/terminal/io.ts';
import { SimulatedClock } from '../context/clock.ts';

export interface TestIo extends Io {
  /** What was written to standard error, line by line. */
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
    out: () => undefined,
    err: (text) => void lines.push(...text.replace(/\n$/, '').split('\n')),
    unread: () => 0,
    readStdin: async () => '',
    isStdoutTerminal: isTerminal,
    isStdinTerminal: isTerminal,
    isInteractive: isTerminal,
    isLive: false,
    color: { stdout: color, stderr: color },
    stderr: stderr as unknown as NodeJS.WriteStream,
  };
}
