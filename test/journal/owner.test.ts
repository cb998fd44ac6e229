import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { kill, Stand, TOKEN } from './stand.ts';

let stand: Stand;
let journal: Journal;

beforeEach(() => {
  stand = new Stand();
  journal = stand.open();
});

/** Rewrites who holds the attempts of the file, like another machine or an earlier process would have written it. */
function pretend(owner: {
  holder_host?: string;
  holder_pid?: number;
  holder_started_at?: string | null;
}): void {
  const db = new DatabaseSync(stand.file);
  for (const [column, value] of Object.entries(owner))
    db.prepare(`UPDATE attempts SET ${column} = ?`).run(value);
  db.close();
}

describe('processes', () => {
  test('that claim one card at once share one claim', async () => {
    const rivals = await Promise.all(Array.from({ length: 8 }, () => stand.rival('claim')));
    expect(rivals.filter(({ claimed }) => claimed)).toHaveLength(1);
    expect(new Set(rivals.map(({ id }) => id)).size).toBe(1);
    await Promise.all(rivals.map(kill));
  });

  test('a claim of one that lives is not free', async () => {
    const { id } = await stand.rival('claim');
    stand.now = Date.now();
    const mine = await journal.claim(stand.claim());
    expect(mine).toMatchObject({ claimed: false, attempt: { id } });
    expect(await journal.isHeld(mine.attempt)).toBe(true);
  });

  test('a claim of one that died is free again, and left no trace', async () => {
    const rival = await stand.rival('claim');
    await kill(rival);
    stand.now = Date.now();
    const mine = await journal.claim(stand.claim());
    expect(mine).toMatchObject({ claimed: true, attempt: { number: 1 } });
    expect(mine.attempt.id).not.toBe(rival.id);
  });

  test('what one sent that died is not free, and not held any more', async () => {
    const rival = await stand.rival('send');
    stand.now = Date.now();
    const before = await journal.claim(stand.claim());
    expect(before).toMatchObject({ claimed: false, attempt: { id: rival.id, outcome: 'sent' } });
    expect(await journal.isHeld(before.attempt)).toBe(true);
    await kill(rival);
    expect(await journal.isHeld(before.attempt)).toBe(false);
    expect((await journal.claim(stand.claim())).claimed).toBe(false);
  });
});

describe('an owner', () => {
  test.each([
    [0, true],
    [120_000, true],
    [120_001, false],
  ])('that claimed %i ms ago and sent nothing still holds: %s', async (elapsed, held) => {
    const { attempt } = await journal.claim(stand.claim());
    stand.now += elapsed;
    expect(await journal.isHeld(attempt)).toBe(held);
    expect((await stand.open().claim(stand.claim())).claimed).toBe(!held);
  });

  test.each([
    [0, true],
    // A request has a limit of 30 seconds.
    [30_000, true],
    [60_000, false],
  ])('that sent %i ms ago still waits for the answer: %s', async (elapsed, held) => {
    const sent = await stand.sent(journal);
    stand.now += elapsed;
    expect(await journal.isHeld(sent)).toBe(held);
  });

  test('the time of the sending counts, not that of the claim', async () => {
    const { attempt } = await journal.claim(stand.claim());
    stand.now += 100_000;
    const sent = await journal.markSent(attempt, stand.sending());
    expect(sent && (await journal.isHeld(sent))).toBe(true);
  });

  test('on another machine holds for as long as its lease, because nobody can tell', async () => {
    await journal.claim(stand.claim());
    pretend({ holder_host: 'elsewhere', holder_pid: 2 ** 22 + 1 });
    stand.now += 119_000;
    expect((await journal.claim(stand.claim())).claimed).toBe(false);
    stand.now += 2_000;
    expect((await journal.claim(stand.claim())).claimed).toBe(true);
  });

  test.runIf(process.platform === 'linux')('is not a later process with the same id', async () => {
    await journal.claim(stand.claim());
    pretend({ holder_started_at: '1' });
    expect((await journal.claim(stand.claim())).claimed).toBe(true);
  });

  test('of which only the id is known is alive while that is', async () => {
    await journal.claim(stand.claim());
    pretend({ holder_started_at: null });
    expect((await journal.claim(stand.claim())).claimed).toBe(false);
    expect(await journal.latestAttempt(TOKEN)).toBeNull();
  });

  test('what a process sent that was killed, and that nobody took note of, is not held', async () => {
    // A shell that starts a child and becomes a program that never asks for its end.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    while (stat()[0] !== 'Z') await new Promise(setImmediate);
    const attempt = await stand.sent(journal);
    pretend({ holder_pid: pid, holder_started_at: stat()[19] ?? null });
    const [left] = await journal.listAttempts(attempt.cardToken);
    expect(left && (await journal.isHeld(left))).toBe(false);
    parent.kill('SIGKILL');
  });
});
