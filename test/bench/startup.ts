// npm run bench:startup: how much longer a command takes than `node -e 0`, in pairs on the same Node, as medians.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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
/** The goal of a command is its time in that of `node -e 0`. */
const COMMANDS: readonly { args: string[]; goal: number }[] = [
  { args: ['--version'], goal: 1.15 },
  { args: ['--help'], goal: 2 },
  { args: ['status', '--help'], goal: 2 },
  { args: ['complete', '--', 'sta'], goal: 2 },
  { args: ['explain', 'PRD_HOPPER_DOOR'], goal: 2.2 },
  { args: ['status', card, '--json'], goal: 3.8 },
];

function measure(args: string[]): { bare: number; ours: number; ratio: number; peak: number } {
  run([BINARY, ...args]);
  const pairs = Array.from({ length: PAIRS }, () => {
    const bare = run(['-e', '0']).milliseconds;
    const ours = run([BINARY, ...args]).milliseconds;
    return { bare, ours, ratio: ours / bare };
  });
  return {
    bare: median(pairs.map(({ bare }) => bare)),
    ours: median(pairs.map(({ ours }) => ours)),
    ratio: median(pairs.map(({ ratio }) => ratio)),
    peak: peakOf(args),
  };
}

const SANDBOX_GOAL_MS = 90;

/** Milliseconds from the start of `kioskctl sandbox` to its first answer. */
async function timeToFirstAnswer(): Promise<number> {
  const started = performance.now();
  const server = spawn(process.execPath, [BINARY, 'sandbox', '--port', '0'], { env });
  try {
    for await (const line of createInterface({ input: server.stdout })) {
      const [url] = /http:\/\/[\w.:]+/.exec(line) ?? [];
      if (url === undefined) continue;
      await fetch(`${url}/v3/spend/profiles/1001/cards`);
      return performance.now() - started;
    }
    throw new Error('the sandbox ended without its address');
  } finally {
    server.kill();
    if (server.exitCode === null) await once(server, 'exit');
  }
}

console.log(`Node ${process.version}, ${PAIRS} pairs each, medians; ratio = kioskctl / node -e 0`);
console.log(`The goal of the peak memory is ${MEMORY_LIMIT_MIB} MiB.\n`);
console.log('command                   node -e 0    kioskctl   ratio    goal   peak memory   verdict');
for (const { args, goal } of COMMANDS) {
  const { bare, ours, ratio, peak } = measure(args);
  const isMet = ratio <= goal && peak <= MEMORY_LIMIT_MIB;
  if (!isMet) process.exitCode = 1;
  console.log(
    [
      args.join(' ').replace(card, 'CARD').padEnd(24),
      `${bare.toFixed(1)} ms`.padStart(10),
      `${ours.toFixed(1)} ms`.padStart(11),
      ratio.toFixed(2).padStart(7),
      goal.toFixed(2).padStart(7),
      `${peak.toFixed(0)} MiB`.padStart(13),
      isMet ? '  met' : '  missed',
    ].join(' '),
  );
}

const times: number[] = [];
for (let round = 0; round < PAIRS; round += 1) times.push(await timeToFirstAnswer());
const firstAnswer = median(times);
const isSandboxQuick = firstAnswer <= SANDBOX_GOAL_MS;
if (!isSandboxQuick) process.exitCode = 1;
console.log(
  `\nsandbox to its first answer ${firstAnswer.toFixed(1)} ms, goal ${SANDBOX_GOAL_MS} ms: ${isSandboxQuick ? 'met' : 'missed'}`,
);
