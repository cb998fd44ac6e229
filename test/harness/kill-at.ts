// Loaded before kioskctl. Kills the process (SIGKILL) before its n-th operation on a journal file (environment variable
// KILL_AT), or copies the files of the journal before each of them to a folder of its own in COPY_TO: those that a kill at
// this moment would leave. Operations are file system calls and SQLite statements.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const { KIOSKCTL_HOME: home = '', COPY_TO: copyTo } = process.env;
const killAt = Number(process.env.KILL_AT);
let steps = 0;

function step(): void {
  steps += 1;
  if (steps === killAt) process.kill(process.pid, 'SIGKILL');
  if (copyTo !== undefined) copyFiles(join(copyTo, String(steps)));
}

function copyFiles(folder: string): void {
  fs.mkdirSync(folder);
  for (const name of fs.readdirSync(home).filter((one) => one.startsWith('journal.db')))
    fs.copyFileSync(join(home, name), join(folder, name));
}

type Call = (this: unknown, ...args: unknown[]) => unknown;

/** Counts the calls of methods; of methods with paths, only calls on a journal. */
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
