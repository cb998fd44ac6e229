// Loaded before kioskctl: the process is killed (SIGKILL) right before its n-th step on a file of the journal, which
// KILL_AT names. Steps are calls of the file system, and statements of SQLite.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const killAt = Number(process.env.KILL_AT);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === killAt) process.kill(process.pid, 'SIGKILL');
}

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** Counts the calls of a method; of those with paths, the calls on a journal. */
function count(owner: object, names: readonly string[], isCounted: (args: unknown[]) => boolean): void {
  for (const name of names) {
    const call = Reflect.get(owner, name) as Call;
    const counted: Call = function (...args) {
      if (isCounted(args)) step();
      return call.apply(this, args);
    };
    Reflect.set(owner, name, counted);
  }
}

count(fs, ['openSync', 'linkSync', 'renameSync', 'rmSync'], ([path]) => String(path).includes('journal.db'));
count(fs, ['fsyncSync'], () => true);
count(DatabaseSync.prototype, ['exec', 'close'], () => true);
count(StatementSync.prototype, ['run'], () => true);
syncBuiltinESMExports();
