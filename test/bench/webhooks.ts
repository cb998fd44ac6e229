// npm run bench:webhooks [events]: how fast `kioskctl listen` takes webhooks, next to a bare server that only verifies
// them, in the same run; how long an answer takes at half the peak; and its memory over 200,000 events.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { EventSigner } from '../harness/events.ts';
import { Load, type Outcome, percentile, requestOf } from './load.ts';

const CONNECTIONS = 32;
const ROUNDS = 5;
const PER_ROUND = 4_000;
const STEADY_SECONDS = 5;
const MEMORY_EVENTS = Number(process.argv[2] ?? 200_000);
const LEAST_RATIO = 0.6;
const SLOWEST_P99_MS = 10;
const MEMORY_SWING = 0.15;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

const signer = new EventSigner();
const keyFile = join(home, 'key.pem');
writeFileSync(keyFile, signer.publicKey);

async function start(args: string[]): Promise<{ url: string; pid: number }> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  lines.close();
  child.stdout.resume();
  return { url: (JSON.parse(line) as { url: string }).url, pid: child.pid ?? 0 };
}

const rate = ({ answered, milliseconds }: Outcome) => (answered * 1_000) / milliseconds;
const memoryOf = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
const checks: boolean[] = [];
function verdict(isMet: boolean): string {
  checks.push(isMet);
  return isMet ? 'met' : 'MISSED';
}

/** Test notifications are kept one by one by their delivery id, which is not signed: no more signing for them. */
function again(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    requestOf({ ...events[index % events.length]!, deliveryId: randomUUID() }, true),
  );
}

/** Collects the garbage of signing: later, it would delay the measured answers by 30-50 ms. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

console.log(`Node ${process.version}; signing ${ROUNDS * PER_ROUND} events of 600 bytes, RSA-2048 …`);
const events = Array.from({ length: ROUNDS * PER_ROUND }, () => signer.event());
const requests = events.map((event) => requestOf(event));
const bare = await start([join(import.meta.dirname, 'verify-only.ts'), keyFile]);
const listen = ['listen', '--json', '--port', '0', '--public-key', keyFile, '--catch-up-since', '0'];
const ours = await start([join(import.meta.dirname, '../../bin/run.js'), ...listen]);
const bareLoad = await Load.open(bare.url, CONNECTIONS);
const ourLoad = await Load.open(ours.url, CONNECTIONS);

// Both run warm first, with test notifications.
const cold = again(2_000);
await bareLoad.peak(cold);
await ourLoad.peak(cold);

const pairs: { bare: number; ours: number }[] = [];
for (let round = 0; round < ROUNDS; round += 1) {
  const slice = requests.slice(round * PER_ROUND, (round + 1) * PER_ROUND);
  pairs.push({ bare: rate(await bareLoad.peak(slice)), ours: rate(await ourLoad.peak(slice)) });
}
bareLoad.close();
const median = (values: number[]) => percentile(values, 0.5);
const peak = median(pairs.map((pair) => pair.ours));
const ratio = median(pairs.map((pair) => pair.ours / pair.bare));
console.log(`\n${CONNECTIONS} connections, medians of ${ROUNDS} rounds of ${PER_ROUND} events, in turn`);
console.log(`  verify only   ${median(pairs.map((pair) => pair.bare)).toFixed(0)} requests a second`);
console.log(`  kioskctl      ${peak.toFixed(0)} requests a second, each event committed to disk`);
console.log(
  `  ratio         ${ratio.toFixed(2)} (at least ${LEAST_RATIO}: ${verdict(ratio >= LEAST_RATIO)})`,
);

// Events of their own: a test notification that names a card of the journal is looked up and warned about, one by one.
const steadily = Array.from({ length: Math.floor((peak / 2) * STEADY_SECONDS) }, () =>
  requestOf(signer.event()),
);
collectGarbage();
const steady = await ourLoad.steady(steadily, peak / 2);
const p99 = percentile(steady.latencies, 0.99);
console.log(`\nAt half the peak, ${steady.answered} events in ${(steady.milliseconds / 1_000).toFixed(1)} s`);
console.log(`  median ${percentile(steady.latencies, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
console.log(`  p99 at most ${SLOWEST_P99_MS} ms: ${verdict(p99 <= SLOWEST_P99_MS)}`);

const STEP = 10_000;
async function memoryOver(events: number): Promise<number[]> {
  const memory: number[] = [];
  for (let sent = 0; sent < events; sent += STEP) {
    await ourLoad.peak(again(Math.min(STEP, events - sent)));
    memory.push(memoryOf(ours.pid));
  }
  return memory;
}
// V8 lets its young generation grow in steps, of which the last comes after some 100,000 events.
const growing = await memoryOver(Math.floor(MEMORY_EVENTS * 0.6));
const settled = await memoryOver(MEMORY_EVENTS);
ourLoad.close();
const mean = settled.reduce((sum, value) => sum + value, 0) / settled.length;
const swing = Math.max(...settled.map((value) => Math.abs(value / mean - 1)));
console.log(`\nResident memory over ${MEMORY_EVENTS} events, every ${STEP}, in MiB`);
const line = (memory: number[]) => memory.map((value) => value.toFixed(0)).join(' ');
console.log(`  warming up: ${line(growing)}\n  then: ${line(settled)}`);
console.log(
  `  ± ${(swing * 100).toFixed(0)} % (at most ${MEMORY_SWING * 100}: ${verdict(swing <= MEMORY_SWING)})`,
);

const waitLatency = join(import.meta.dirname, 'wait-latency.ts');
if (existsSync(waitLatency)) {
  const { status } = spawnSync(process.execPath, [waitLatency], { stdio: 'inherit' });
  checks.push(status === 0);
}
process.exit(checks.every(Boolean) ? 0 : 1);
