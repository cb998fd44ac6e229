import { existsSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { copyInPlace } from '../harness/command-line.ts';
import { known, SqliteFixture } from '../harness/journal.ts';
import { OTHER_TOKEN, TOKEN } from '../harness/records.ts';

let fixture: SqliteFixture;
let journal: Journal;
let backup: string;

beforeEach(async () => {
  fixture = new SqliteFixture();
  backup = `${fixture.folder}-backup.db`;
  // An older state, and a newer one that is in the main file; then a process that uses it.
  const first = fixture.open();
  await first.rememberCard(known(), fixture.now);
  await first.close();
  copyInPlace(fixture.file, backup);
  const second = fixture.open();
  await second.rememberCard(known({ cardToken: OTHER_TOKEN, orderId: 502 }), fixture.now);
  await fixture.sent(second);
  await second.close();
  journal = fixture.open();
  await journal.rememberClockOffset(1);
  return () => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${backup}${suffix}`, { force: true });
  };
});

const REPLACEMENTS: [string, () => void][] = [
  ['moved away', () => renameSync(fixture.file, `${fixture.file}.old`)],
  ['removed', () => rmSync(fixture.file)],
  ['overwritten in place by an older copy', () => copyInPlace(backup, fixture.file)],
  [
    'overwritten in place by an older copy, with its log removed',
    () => {
      rmSync(`${fixture.file}-wal`);
      copyInPlace(backup, fixture.file);
    },
  ],
  [
    'overwritten in place by an older copy, together with its log',
    () => {
      const writer = new DatabaseSync(backup);
      writer.exec(
        "UPDATE environments SET clock_offset = 7; INSERT INTO environments (environment) VALUES ('x')",
      );
      copyInPlace(backup, fixture.file);
      copyInPlace(`${backup}-wal`, `${fixture.file}-wal`);
      writer.close();
    },
  ],
  [
    'replaced by another file of the same name',
    () => {
      copyInPlace(backup, `${fixture.file}.new`);
      renameSync(`${fixture.file}.new`, fixture.file);
    },
  ],
  ['emptied', () => truncateSync(fixture.file)],
  ['robbed of its log', () => rmSync(`${fixture.file}-wal`)],
  ['left with an emptied log', () => truncateSync(`${fixture.file}-wal`)],
  ['removed with its folder', () => rmSync(fixture.folder, { recursive: true })],
];

describe('a journal that is in use', () => {
  test.each(REPLACEMENTS)(
    'a journal in use that was %s fails before the effect of the next commit',
    async (_, replace) => {
      journal.assertCurrent();
      replace();
      expect(() => journal.assertCurrent()).toThrow(
        expect.objectContaining({ code: 'journal-replaced', exitCode: 9 }),
      );
      await expect(journal.rememberClockOffset(2)).rejects.toMatchObject({
        code: expect.stringMatching(/^journal-/),
      });
    },
  );

  test.each(REPLACEMENTS)('a journal in use that was %s prevents a request', async (_, replace) => {
    const claim = await fixture.claimed(journal, { cardToken: OTHER_TOKEN, orderId: 502 });
    expect(claim.claimed).toBe(true);
    replace();
    await expect(journal.markSent(claim.attempt, fixture.sending())).rejects.toMatchObject({
      code: expect.stringMatching(/^journal-/),
      exitCode: 9,
    });
  });

  test('an overwritten journal is detected even after a process was killed in a checkpoint', async () => {
    const killed = new DatabaseSync(fixture.file);
    killed.exec("UPDATE identity SET checkpoint = 'of a killed process'");
    killed.close();
    await journal.rememberClockOffset(2);
    copyInPlace(backup, fixture.file);
    await expect(journal.rememberClockOffset(3)).rejects.toMatchObject({ code: 'journal-replaced' });
  });

  test('a journal remains current for all its users, also after their checkpoints', async () => {
    const others = [fixture.open(), fixture.open('production')];
    const rival = await fixture.rival('lease');
    const before = readFileSync(fixture.file).length;
    const text = 'x'.repeat(400);
    for (let index = 0; index < 3_000; index += 1)
      await Promise.all(
        [journal, ...others].map((one) =>
          one.startAction({
            action: 'produce',
            context: 'ci',
            profileId: 1001,
            orderId: null,
            cardToken: TOKEN,
            kioskId: null,
            reason: text,
            at: index,
          }),
        ),
      );
    expect(readFileSync(fixture.file).length).toBeGreaterThan(before * 2);
    for (const one of [journal, ...others]) one.assertCurrent();
    rival.child.kill();
  });

  test('a journal remains current when other processes open and close it', async () => {
    for (let index = 0; index < 3; index += 1) {
      const other = fixture.open();
      await other.rememberClockOffset(index);
      await other.close();
      await journal.rememberClockOffset(index);
    }
    await journal.close();
    expect(existsSync(`${fixture.file}-wal`)).toBe(false);
    const again = fixture.open();
    await again.rememberClockOffset(3);
    again.assertCurrent();
  });
});
