import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { SharedRates } from '../../src/journal/shared-rates.ts';

const LIMITS = [{ requests: 10, within: 60_000 }];
const WISH = { kept: 0, reserved: 0, wanted: 6, isReservation: false, answerAges: [], blockFor: 0 };

let folder = '';
let journal = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kioskctl-rates-'));
  journal = join(folder, 'journal.db');
  writeFileSync(journal, 'its content does not matter');
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

/** The limits as another process opens them. */
function open(more: Partial<ConstructorParameters<typeof SharedRates>[0]> = {}): SharedRates {
  const rates = new SharedRates({ journal, environment: 'sandbox', client: '', limits: LIMITS, ...more });
  onTestFinished(async () => rates.close());
  return rates;
}

describe('processes on one journal', () => {
  test('share the limits of a client', async () => {
    expect(await open().takePermits(WISH)).toMatchObject({ permits: 6 });
    expect(await open().takePermits(WISH)).toMatchObject({ permits: 4 });
    expect(await open().takePermits(WISH)).toMatchObject({ permits: 0 });
  });

  test('share them also by different paths', async () => {
    const link = join(folder, 'link.db');
    symlinkSync(journal, link);
    await open().takePermits(WISH);
    expect(await open({ journal: link }).takePermits(WISH)).toMatchObject({ permits: 4 });
  });

  test('share a pause that Wise asked one of them for', async () => {
    await open().takePermits({ ...WISH, blockFor: 60_000 });
    const grant = await open().takePermits(WISH);
    expect(grant).toMatchObject({ permits: 0 });
    expect(grant?.blockedFor).toBeGreaterThan(50_000);
  });

  test('have limits of their own in each environment, and for each client', async () => {
    await open().takePermits(WISH);
    expect(await open({ environment: 'production' }).takePermits(WISH)).toMatchObject({ permits: 6 });
    expect(await open({ client: 'other' }).takePermits(WISH)).toMatchObject({ permits: 6 });
  });

  test('leave one small file of this user beside the journal', async () => {
    const rates = open();
    await rates.takePermits(WISH);
    await rates.close();
    expect(readdirSync(folder).toSorted()).toEqual([
      'journal.db',
      'journal.db-rates',
      'journal.db-rates-journal',
    ]);
  });
});

describe('the limits cannot be shared', () => {
  test('without a journal, which is not created for them', async () => {
    rmSync(journal);
    expect(await open().takePermits(WISH)).toBeNull();
    expect(existsSync(`${journal}-rates`)).toBe(false);
  });

  test('while their file is locked, and a process does not wait long for it', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const rates = open();
    await rates.takePermits(WISH);
    const other = new DatabaseSync(`${journal}-rates`);
    other.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    expect(await rates.takePermits(WISH)).toBeNull();
    expect(performance.now() - started).toBeLessThan(3_000);
    other.exec('ROLLBACK');
    other.close();
    expect(await rates.takePermits(WISH)).toMatchObject({ permits: 6 });
  });

  test('only while it is locked for long: a busy machine is no reason to exceed the limits', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const rates = open();
    await rates.takePermits(WISH);
    const other = new DatabaseSync(`${journal}-rates`);
    other.exec('BEGIN IMMEDIATE');
    const taken = rates.takePermits(WISH);
    await new Promise((resolve) => setTimeout(resolve, 300));
    other.exec('ROLLBACK');
    other.close();
    expect(await taken).toMatchObject({ permits: 6 });
  });

  test('with a file that a power cut damaged, which is made again', async () => {
    writeFileSync(`${journal}-rates`, 'x'.repeat(20_000));
    expect(await open().takePermits(WISH)).toBeNull();
    expect(await open().takePermits(WISH)).toMatchObject({ permits: 6 });
  });
});
