// The manual, read by mandoc.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { manualPages, writeManual } from '../../scripts/release/manual.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';

const testWithMandoc = testUnless(findProgram('mandoc') ? null : 'mandoc is not installed');

testWithMandoc('mandoc reads all pages of the manual without a warning', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-man-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeManual(folder);
  const pages = [...manualPages().keys()].map((path) => join(folder, path));
  expect(pages.length).toBeGreaterThan(50);
  const { status, stdout } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', ...pages], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
});
