// npm run bench:testing: how long a sandbox of kioskctl/testing takes to start in a new process, and again in the same one.
import { spawnSync } from 'node:child_process';
import { quantile } from '../../src/domain/times/duration.ts';

const PROCESSES = 15;
const LIMIT_MS = 50;

/** Prints the milliseconds of the import, of the first start and of a later one. */
const CHILD = `
const begun = performance.now();
const { startSandbox } = await import(${JSON.stringify(new URL('../../dist/testing/index.js', import.meta.url).href)});
const times = [performance.now() - begun];
for (let count = 0; count < 2; count += 1) {
  const start = performance.now();
  const sandbox = await startSandbox({ speed: 50 });
  times.push(performance.now() - start);
  await sandbox.close();
}
console.log(times.join(' '));`;

const runs = Array.from({ length: PROCESSES }, () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', CHILD], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim().split(' ').map(Number);
});

console.log(`Node ${process.version}, ${PROCESSES} processes, medians in milliseconds\n`);
const medians = ['import', 'first start', 'later start'].map((name, column) => {
  const median =
    quantile(
      runs.map((times) => times[column] ?? Number.NaN),
      0.5,
    ) ?? Number.NaN;
  console.log(`${name.padEnd(12)} ${median.toFixed(1).padStart(6)}`);
  return median;
});
const [, first = Number.NaN] = medians;
console.log(`\nThe first start takes at most ${LIMIT_MS} ms: ${first <= LIMIT_MS ? 'yes' : 'no'}`);
if (!(first <= LIMIT_MS)) process.exitCode = 1;
