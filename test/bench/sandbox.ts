// npm run bench:sandbox: how many reads of a production the embedded sandbox answers, next to a bare server of Node that
// answers the same bytes, in turn in the same run, and the CPU time that each of them takes for an answer.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Load, type Outcome, percentile } from './load.ts';
import { report } from './stage.ts';

const CONNECTIONS = 32;
const ROUNDS = 11;
const PER_ROUND = 4_000;
const LEAST_RATIO = 0.35;
/** Ticks of `/proc/PID/stat`, in milliseconds. */
const TICK_MS = 10;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});
const BINARY = join(import.meta.dirname, '../../bin/run.js');
const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_SANDBOX_SPEED: '50' };

interface Server {
  url: string;
  pid: number;
}

async function start(args: string[]): Promise<Server> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  return { url: (JSON.parse(line) as { url: string }).url, pid: child.pid ?? 0 };
}

async function cardOf(): Promise<string> {
  const child = spawn(process.execPath, [BINARY, 'order', '--wait', '--quiet'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return line.replace('1001/', '');
}

/** CPU time of a process, in milliseconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function measure(load: Load, pid: number): Promise<{ perSecond: number; cpuMicros: number }> {
  const before = cpuOf(pid);
  const outcome: Outcome = await load.peak(Array.from({ length: PER_ROUND }, () => request));
  if (outcome.answered !== PER_ROUND) throw new Error(`${outcome.refused} were not answered with 200`);
  return {
    perSecond: (outcome.answered * 1_000) / outcome.milliseconds,
    cpuMicros: ((cpuOf(pid) - before) * 1_000) / PER_ROUND,
  };
}

const card = await cardOf();
const path = `/v3/spend/profiles/1001/cards/${card}/production`;
const ours = await start([BINARY, 'sandbox', '--port', '0', '--json']);
const body = await (await fetch(`${ours.url}${path}`, { headers: { authorization: 'Bearer any' } })).text();
const bare = await start([join(import.meta.dirname, 'bare-http.ts'), body]);
const request = Buffer.from(
  `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer any\r\n\r\n`,
);
const loads = {
  bare: await Load.open(bare.url, CONNECTIONS),
  ours: await Load.open(ours.url, CONNECTIONS),
};
await measure(loads.bare, bare.pid);
await measure(loads.ours, ours.pid);

const pairs: { bare: Awaited<ReturnType<typeof measure>>; ours: Awaited<ReturnType<typeof measure>> }[] = [];
for (let round = 0; round < ROUNDS; round += 1)
  pairs.push({ bare: await measure(loads.bare, bare.pid), ours: await measure(loads.ours, ours.pid) });
for (const load of Object.values(loads)) load.close();

const median = (values: number[]) => percentile(values, 0.5);
console.log(
  `Node ${process.version}, ${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${PER_ROUND}`,
);
for (const name of ['bare', 'ours'] as const)
  console.log(
    `${name === 'bare' ? 'bare node:http' : 'sandbox       '}  ` +
      `${median(pairs.map((pair) => pair[name].perSecond)).toFixed(0)} a second, ` +
      `${median(pairs.map((pair) => pair[name].cpuMicros)).toFixed(0)} µs of CPU each`,
  );
const ratio = median(pairs.map((pair) => pair.ours.perSecond / pair.bare.perSecond));
report([
  [
    `reads of a production, sandbox / bare node:http, ${ratio.toFixed(2)} (at least ${LEAST_RATIO})`,
    ratio >= LEAST_RATIO,
  ],
]);
process.exit();
