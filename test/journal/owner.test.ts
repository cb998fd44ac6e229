import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Journal } from '../../src/journal/journal.ts';
import { SqliteFixture } from '../harness/journal.ts';
import { TOKEN } from '../harness/records.ts';

let fixture: SqliteFixture;
let journal: Journal;

beforeEach(() => {
  fixture = new SqliteFixture();
  journal = fixture.open();
});

/** Rewrites who holds the attempts of the file, like another machine or an earlier process would have written it. */
function pretend(owner: {
  holder_host?: string;
  holder_pid?: number;
  holder_started_at?: string | null;
}): void {
  const db = new DatabaseSync(fixture.file);
  for (const [column, value] of Object.entries(owner))
    db.prepare(`UPDATE attempts SET ${column} = ?`).run(value);
  db.close();
}

describe('an owner', () => {
  test('on another machine holds for as long as its lease, because nobody can tell', async () => {
    await journal.claim(fixture.claim());
    pretend({ holder_host: 'elsewhere', holder_pid: 2 ** 22 + 1 });
    fixture.now += 119_000;
    expect((await journal.claim(fixture.claim())).claimed).toBe(false);
    fixture.now += 2_000;
    expect((await journal.claim(fixture.claim())).claimed).toBe(true);
  });

  test.runIf(process.platform === 'linux')('is not a later process with the same id', async () => {
    await journal.claim(fixture.claim());
    pretend({ holder_started_at: '1' });
    expect((await journal.claim(fixture.claim())).claimed).toBe(true);
  });

  test('of which only the id is known is alive while that is', async () => {
    await journal.claim(fixture.claim());
    pretend({ holder_started_at: null });
    expect((await journal.claim(fixture.claim())).claimed).toBe(false);
    expect(await journal.latestAttempt(TOKEN)).toBeNull();
  });

  test('what a process sent that was killed, and that nobody took note of, is not held', async () => {
    // A shell that starts a child and becomes a program that never asks for its end.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 60']);
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    const stat = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    while (stat()[0] !== 'Z') await new Promise(setImmediate);
    const attempt = await fixture.sent(journal);
    pretend({ holder_pid: pid, holder_started_at: stat()[19] ?? null });
    const [left] = await journal.listAttempts(attempt.cardToken);
    expect(left && (await journal.isHeld(left))).toBe(false);
    parent.kill('SIGKILL');
  });
});
