// The end of a test run: reports the tests that could not be run, and fails if processes are left.
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Plugin } from 'vitest/config';
import type { TestModule } from 'vitest/node';

const RECORDS = 'not-tried.ndjson';

/** A test that this machine does not support, with the reason. */
interface NotTried {
  file: string;
  test: string;
}

export function recordNotTried(folder: string, one: NotTried): void {
  appendFileSync(join(folder, RECORDS), `${JSON.stringify(one)}\n`);
}

/**
 * Reports the tests that this machine does not support. Fails if a process outlives the tests, or if nothing was tested
 * without such a reason.
 * @param folder temporary folder of all tests
 * @param grace milliseconds for processes to end after SIGTERM
 */
export function endOfRun(folder: string, { grace = 30_000 } = {}): Plugin {
  return {
    name: 'end of run',
    configureVitest({ vitest, project }) {
      if (project.name !== vitest.projects[0]?.name) return;
      vitest.onClose(async () => {
        const missing = notTried(folder);
        if (missing.length > 0)
          console.log(
            ['Not tried on this machine:', ...missing.map(({ test }) => test).toSorted()].join('\n  '),
          );
        const explained = new Set(missing.map(({ file }) => file));
        const modules = vitest.state.getTestModules();
        const empty = emptySuites(modules).filter(({ file }) => !explained.has(file));
        const left = await endLeftovers(folder, grace);
        const problems = [
          ...(modules.length === 0 ? ['no test file'] : []),
          ...empty.map(({ name }) => `no test: ${name}`),
          ...left.map((one) => `still running: ${one}`),
        ];
        if (problems.length > 0) throw new Error(problems.join('\n'));
      });
    },
  };
}

function notTried(folder: string): NotTried[] {
  const file = join(folder, RECORDS);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as NotTried);
}

function emptySuites(modules: readonly TestModule[]): { file: string; name: string }[] {
  return modules.flatMap((module) =>
    [module, ...module.children.allSuites()]
      .filter(({ children }) => children.size === 0)
      .map((suite) => ({
        file: module.moduleId,
        name: suite.type === 'module' ? suite.moduleId : suite.fullName,
      })),
  );
}

/** Ends the processes that tests left behind. @returns their ids and command lines */
async function endLeftovers(folder: string, grace: number): Promise<string[]> {
  const deadline = performance.now() + grace;
  while (processesOf(folder).length > 0 && performance.now() < deadline) await pause(50);
  return processesOf(folder).map((pid) => {
    const command = readProcess(pid, 'cmdline').replaceAll('\0', ' ');
    process.kill(pid, 'SIGKILL');
    return `${pid} ${command}`;
  });
}

/** Finds processes that have the temporary folder of the tests in their environment or arguments. */
function processesOf(folder: string): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .filter((pid) => ['environ', 'cmdline'].some((file) => readProcess(pid, file).includes(folder)));
}

/** Returns a file of /proc; empty for a process that has ended or belongs to another user. */
export function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
