// npm run bench:startup: how much longer a command takes than `node -e 0`, in pairs on the same Node, as medians.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const PAIRS = 21;
const MEMORY_LIMIT_MIB = 90;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home };

function run(
  args: string[],
  extra: Record<string, string> = {},
): { milliseconds: number; stdout: string; stderr: string } {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...env, ...extra },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { milliseconds: performance.now() - started, stdout, stderr };
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

const card = run([BINARY, 'order', '--wait', '--quiet'], { KIOSKCTL_SANDBOX_SPEED: '50' }).stdout.trim();
const COMMANDS: readonly (readonly [args: string[], limit: number])[] = [
  [['--version'], 1.4],
  [['--help'], 3.1],
  [['explain', 'PRD_HOPPER_DOOR'], 3.1],
  [['status', card, '--json'], 5],
];

console.log(`Node ${process.version}, ${PAIRS} pairs each, medians; ratio = kioskctl / node -e 0\n`);
console.log(
  'command                   node -e 0    kioskctl   ratio  at most   peak memory (at most 90 MiB)',
);
let isOver = false;
for (const [args, limit] of COMMANDS) {
  run([BINARY, ...args]);
  const pairs = Array.from({ length: PAIRS }, () => {
    const bare = run(['-e', '0']).milliseconds;
    const ours = run([BINARY, ...args]).milliseconds;
    return { bare, ours, ratio: ours / bare };
  });
  const ratio = median(pairs.map((pair) => pair.ratio));
  const peak = peakOf(args);
  isOver ||= ratio > limit || peak > MEMORY_LIMIT_MIB;
  console.log(
    [
      args
        .map((word) => (word === card ? 'CARD' : word))
        .join(' ')
        .padEnd(24),
      `${median(pairs.map(({ bare }) => bare)).toFixed(1)} ms`.padStart(10),
      `${median(pairs.map(({ ours }) => ours)).toFixed(1)} ms`.padStart(11),
      ratio.toFixed(2).padStart(7),
      limit.toFixed(1).padStart(8),
      `${peak.toFixed(0)} MiB`.padStart(13),
    ].join(' '),
  );
}
if (isOver) console.log('\nAt least one figure is over its limit.');
process.exitCode = isOver ? 1 : 0;
