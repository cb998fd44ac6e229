// The end of a run of tests: it names what was not tried, and nothing may be left running.
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Plugin } from 'vitest/config';

/** Processes that were told to end get this long. */
const GRACE = 5_000;

const NOT_TRIED = 'not-tried';

export function recordNotTried(folder: string, test: string): void {
  appendFileSync(join(folder, NOT_TRIED), `${test}\n`);
}

/**
 * Names the tests that this machine did not allow, and fails if a process outlives the tests.
 * @param folder the temporary folder of all tests
 */
export function endOfRun(folder: string): Plugin {
  return {
    name: 'end of run',
    configureVitest({ vitest, project }) {
      if (project.name !== vitest.projects[0]?.name) return;
      vitest.onClose(async () => {
        const missing = notTried(folder);
        if (missing.length > 0) console.log(['Not tried on this machine:', ...missing].join('\n  '));
        const left = await endLeftovers(folder);
        if (left.length > 0) throw new Error(`The tests left processes running:\n  ${left.join('\n  ')}`);
      });
    },
  };
}

function notTried(folder: string): string[] {
  const file = join(folder, NOT_TRIED);
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').toSorted() : [];
}

/** Ends the processes that tests left behind. @returns their ids and command lines */
async function endLeftovers(folder: string): Promise<string[]> {
  const deadline = performance.now() + GRACE;
  while (processesOf(folder).length > 0 && performance.now() < deadline) await pause(50);
  return processesOf(folder).map((pid) => {
    const command = readProcess(pid, 'cmdline').replaceAll('\0', ' ');
    process.kill(pid, 'SIGKILL');
    return `${pid} ${command}`;
  });
}

/** Finds processes by the temporary folder of the tests: their variables or their arguments name it. */
function processesOf(folder: string): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .filter((pid) => ['environ', 'cmdline'].some((file) => readProcess(pid, file).includes(folder)));
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // It has ended, or belongs to somebody else.
    return '';
  }
}
