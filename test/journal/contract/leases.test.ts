import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Journal } from '../../../src/journal/journal.ts';
import { type Fixture, kill } from '../../harness/journal.ts';
import { JOURNALS } from '../../harness/journals.ts';
import { OTHER_TOKEN, TOKEN } from '../../harness/records.ts';

describe.each(JOURNALS)('the leases of $name', ({ makeFixture }) => {
  const CARD = `card ${TOKEN}`;
  const OTHER = `card ${OTHER_TOKEN}`;

  let fixture: Fixture;
  let journal: Journal;
  let other: Journal;

  beforeEach(async () => {
    fixture = await makeFixture();
    journal = fixture.open();
    other = fixture.open();
  });

  describe('two journals', () => {
    test('a journal learns the owner of a lease that another journal has', async () => {
      expect(await journal.takeLeases([CARD], 'retry')).toEqual([]);
      expect(await other.takeLeases([CARD], 'produce')).toMatchObject([
        { subject: CARD, action: 'retry', owner: { pid: process.pid }, takenAt: fixture.now },
      ]);
      expect(await other.listLeases()).toMatchObject([{ subject: CARD }]);
    });

    test('a journal gets all requested leases, or none', async () => {
      await journal.takeLeases([CARD], 'retry');
      expect(await other.takeLeases([OTHER, CARD], 'produce')).toHaveLength(1);
      expect(await journal.takeLeases([OTHER], 'retry')).toEqual([]);
    });

    test('journals acquire a lease in turn', async () => {
      await journal.takeLeases([CARD], 'retry');
      await journal.releaseLeases([CARD]);
      expect(await other.takeLeases([CARD], 'produce')).toEqual([]);
      expect(await journal.takeLeases([CARD], 'retry')).toMatchObject([{ action: 'produce' }]);
    });

    test('leases of different environments are independent', async () => {
      await journal.takeLeases([CARD], 'retry');
      expect(await fixture.open('production').takeLeases([CARD], 'produce')).toEqual([]);
    });
  });

  test('a lease that was acquired twice ends with its second release', async () => {
    await journal.takeLeases([CARD], 'retry');
    await journal.takeLeases([CARD], 'send');
    await journal.releaseLeases([CARD]);
    expect(await other.takeLeases([CARD], 'produce')).toHaveLength(1);
    await journal.releaseLeases([CARD]);
    expect(await other.takeLeases([CARD], 'produce')).toEqual([]);
  });

  test('a lease that was not renewed for ten seconds is free, and then belongs to its next owner', async () => {
    await journal.takeLeases([CARD], 'retry');
    fixture.now += 9_999;
    expect(await other.takeLeases([CARD], 'produce')).toHaveLength(1);
    fixture.now += 1;
    expect(await other.listLeases()).toEqual([]);
    expect(await other.takeLeases([CARD], 'produce')).toEqual([]);
    await journal.releaseLeases([CARD]);
    expect(await fixture.open().takeLeases([CARD], 'produce')).toHaveLength(1);
  });

  test('a closed journal does not renew its leases', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const closing = fixture.open();
    await closing.takeLeases([CARD], 'produce');
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await closing.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  describe('a lease of another process', () => {
    test('a lease of another process is free when that process was killed, and not before', async () => {
      const rival = await fixture.rival('lease');
      expect(rival.claimed).toBe(true);
      expect(await journal.takeLeases([CARD], 'retry')).toMatchObject([
        { action: 'produce', owner: { pid: rival.child.pid } },
      ]);
      await kill(rival);
      expect(await journal.takeLeases([CARD], 'retry')).toEqual([]);
    });

    test('a lease of a suspended process is free after ten seconds', async () => {
      const rival = await fixture.rival('lease');
      rival.child.kill('SIGSTOP');
      fixture.now += 5_000;
      expect(await journal.takeLeases([CARD], 'retry')).toHaveLength(1);
      fixture.now += 5_000;
      expect(await journal.takeLeases([CARD], 'retry')).toEqual([]);
    });
  });
});
