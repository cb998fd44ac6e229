import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { atTheEnd } from '../at-the-end.ts';
import { noteIn } from './notes.ts';

test('this one leaves a process behind', () => {
  atTheEnd(() => noteIn('careless'));
  const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  expect(child.pid).toBeGreaterThan(0);
});

describe('a suite without tests', () => undefined);
