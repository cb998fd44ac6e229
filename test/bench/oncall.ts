// npm run bench:oncall [cards]: how much longer the views of a person on call take than `node -e 0`, over a journal with
// 10,000 cards at 20 kiosks, in pairs on the same Node, as medians.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kiosk, seedJournal } from './oncall-journal.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const PAIRS = 21;
const CARDS = Number(process.argv[2] ?? 10_000);
const LONGEST_MS = 150;
const MEMORY_LIMIT_MIB = 120;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' };

function run(args: string[]): { milliseconds: number; stderr: string } {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { milliseconds: performance.now() - started, stderr };
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Peak memory of a command in MiB, which the process itself says at its end. */
function peakOf(args: string[]): number {
  const probe = join(home, 'probe.cjs');
  writeFileSync(
    probe,
    "process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}`));",
  );
  const { stderr } = run(['--require', probe, BINARY, ...args]);
  return Number(/peak (\d+)$/.exec(stderr)?.[1]) / 1024;
}

const seeding = performance.now();
await seedJournal(home, CARDS);
const seconds = ((performance.now() - seeding) / 1_000).toFixed(0);
console.log(
  `Node ${process.version}; ${CARDS} cards at 20 kiosks (made in ${seconds} s); ${PAIRS} pairs each\n`,
);
console.log(
  `command                                        node -e 0    kioskctl       more (at most ${LONGEST_MS})   peak (at most ${MEMORY_LIMIT_MIB} MiB)`,
);

const COMMANDS = [
  ['kiosk', 'list', '--json'],
  ['kiosk', 'list'],
  ['status', '--kiosk', kiosk(7), '--failed', '--cached', '--json'],
  ['status', '--kiosk', kiosk(7), '--failed', '--cached'],
];
let isOver = false;
for (const args of COMMANDS) {
  run([BINARY, ...args]);
  const pairs = Array.from({ length: PAIRS }, () => {
    const bare = run(['-e', '0']).milliseconds;
    const ours = run([BINARY, ...args]).milliseconds;
    return { bare, ours, more: ours - bare };
  });
  const more = median(pairs.map((pair) => pair.more));
  const peak = peakOf(args);
  isOver ||= more > LONGEST_MS || peak > MEMORY_LIMIT_MIB;
  const cells = [median(pairs.map(({ bare }) => bare)), median(pairs.map(({ ours }) => ours)), more];
  console.log(
    `${args.join(' ').padEnd(44)} ${cells.map((cell) => `${cell.toFixed(0)} ms`.padStart(11)).join(' ')} ${`${peak.toFixed(0)} MiB`.padStart(28)}`,
  );
}
if (isOver) console.log('\nAt least one figure is over its limit.');
process.exitCode = isOver ? 1 : 0;
