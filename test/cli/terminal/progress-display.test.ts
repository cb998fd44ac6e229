import { describe, expect, test } from 'vitest';
import { TerminalReport } from '../../../src/cli/terminal/progress-display.ts';
import type { WaitProgress } from '../../../src/context/progress.ts';
import { makeIo, type TestIo } from '../../harness/command-line.ts';

const SUBJECT = '1001/ca0c8154-1e14-4464-a1ce-dcea7dc3de52';

function progressOf(io: TestIo, more: Partial<WaitProgress> = {}): WaitProgress {
  const now = io.stopwatch.now();
  return {
    kind: 'wait',
    card: SUBJECT,
    state: 'in-progress',
    since: now,
    deadline: now.plus(600_000),
    lastReadAt: now,
    outage: null,
    ...more,
  };
}

function open(isQuiet = false) {
  const io = makeIo();
  return { io, report: new TerminalReport(io, { isQuiet }) };
}

test('a hint is shown once, among other hints', () => {
  const { io, report } = open();
  report.hint('simulate', 'simulate one');
  report.hint('simulate', 'simulate two');
  report.hint('other', 'something else');
  expect(io.lines).toEqual(['simulate one', 'something else']);
});

describe('off a terminal, a wait', () => {
  test('without a terminal, a wait prints each change once, in a line of its own', () => {
    const { io, report } = open();
    const progress = progressOf(io);
    for (const state of ['placed', 'placed', 'details-created', 'details-created', 'ready']) {
      report.progress({ ...progress, state });
      io.clock.time += 1_000;
    }
    report.progress(null);
    expect(io.lines).toHaveLength(3);
    for (const [index, state] of ['placed', 'details-created', 'ready'].entries()) {
      expect(io.lines[index]).toContain(SUBJECT);
      expect(io.lines[index]).toContain(state);
    }
  });

  test('without a terminal, a wait prints every 30 seconds that it continues, and its duration', () => {
    const { io, report } = open();
    const progress = progressOf(io);
    const said: number[] = [];
    for (let second = 0; second <= 95; second += 1) {
      const before = io.lines.length;
      report.progress(progress);
      if (io.lines.length > before) said.push(second);
      io.clock.time += 1_000;
    }
    expect(said).toEqual([0, 30, 60, 90]);
    expect(io.lines[0]).toContain('10m');
    expect(io.lines[3]).toContain('1m 30s');
  });

  test('without a terminal, a wait counts the 30 seconds from the last line', () => {
    const { io, report } = open();
    report.progress(progressOf(io));
    io.clock.time += 29_000;
    report.progress(progressOf(io, { state: 'produced' }));
    io.clock.time += 29_000;
    report.progress(progressOf(io, { state: 'produced' }));
    expect(io.lines).toHaveLength(2);
  });

  test('without a terminal, waits for several cards have separate lines', () => {
    const { io, report } = open();
    for (let turn = 0; turn < 3; turn += 1) {
      report.progress(progressOf(io));
      report.progress(progressOf(io, { card: '1001/502' }));
    }
    expect(io.lines).toHaveLength(2);
  });

  test('without a terminal, a wait reports an outage with the last successful read, and its end', () => {
    const { io, report } = open();
    const start = progressOf(io);
    report.progress(start);
    io.clock.time += 20_000;
    report.progress({ ...start, outage: 'The API failed (503).' });
    io.clock.time += 1_000;
    report.progress({ ...start, outage: 'The API failed (503).' });
    report.progress({ ...start, lastReadAt: io.stopwatch.now() });
    expect(io.lines).toHaveLength(3);
    expect(io.lines[1]).toContain('The API failed (503).');
    expect(io.lines[1]).toContain('20s ago');
    expect(io.lines[2]).not.toContain('503');
  });

  test('without a terminal, a wait that never read anything, or has no deadline, reports that', () => {
    const { io, report } = open();
    report.progress(progressOf(io, { lastReadAt: null, deadline: null, outage: 'No.' }));
    expect(io.lines[0]).toMatch(/never.*no limit/);
  });

  test('without a terminal, a wait prints no control characters', () => {
    const { io, report } = open();
    report.progress(progressOf(io, { state: '\u001b[2J', outage: '\u001b]0;x\u0007' }));
    report.note('note \u001b[31m');
    report.warn('warning \u202e');
    for (const character of ['\u001b', '\u0007', '\u202e'])
      expect(io.lines.join('')).not.toContain(character);
  });
});

describe('off a terminal, a run', () => {
  const count = {
    title: 'happy-path',
    total: 30,
    done: 12,
    failed: 1,
    verb: 'passed' as const,
    current: null,
    groups: new Map([
      ['ready', 2],
      ['in-progress', 3],
    ]),
    perSecond: 2.04,
    timeLeft: 8_000,
  };
  const WHOLE = 'happy-path: 12 of 30 passed, 1 not, 2.0 a second, about 8s left; 2 ready, 3 in-progress';

  test('without a terminal, a run prints news in a line each, and its progress every 30 seconds', () => {
    const { io, report } = open();
    for (let second = 0; second <= 61; second += 1) {
      const news = second % 20 === 5 ? `Card ${second}: produced after 2s.` : null;
      report.progress({ kind: 'cards', counts: [count], news });
      io.clock.time += 1_000;
    }
    report.progress({ kind: 'cards', counts: [] });
    const cards = [5, 25, 45].map((second) => `Card ${second}: produced after 2s.`);
    expect(io.lines).toEqual([cards[0], cards[1], WHOLE, cards[2], WHOLE]);
  });

  test('without a terminal, a run with --quiet prints nothing', () => {
    const { io, report } = open(true);
    for (let minute = 0; minute < 3; minute += 1) {
      report.progress({ kind: 'cards', counts: [count], news: 'Card 1: produced after 2s.' });
      io.clock.time += 60_000;
    }
    expect(io.lines).toEqual([]);
  });
});

describe('quietly', () => {
  test('with --quiet, only warnings are printed', () => {
    const { io, report } = open(true);
    report.note('a note');
    report.progress(progressOf(io));
    report.progress(null);
    expect(io.lines).toEqual([]);
    report.warn('a warning');
    expect(io.lines).toEqual(['Warning: a warning']);
  });
});

test('colour is used only where it is enabled', () => {
  const plain = makeIo();
  new TerminalReport(plain).warn('x');
  expect(plain.lines).toEqual(['Warning: x']);
  const colored = makeIo({ color: true });
  new TerminalReport(colored).warn('x');
  expect(colored.lines[0]).toContain('\u001b[');
});
