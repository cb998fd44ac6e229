// npm run bench:board [cards] [seconds]: memory and CPU of `serve` with 50 open boards, while events arrive, over a journal with
// 100,000 cards at 20 kiosks; and how long an event takes to each board.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { quantile } from '../../src/domain/times/duration.ts';
import { deliver, EventSigner } from '../harness/events.ts';
import { seedJournal } from './oncall-journal.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const BOARDS = 50;
const CARDS = Number(process.argv[2] ?? 100_000);
const SECONDS = Number(process.argv[3] ?? 60);
const LIMITS = { mebibytes: 250, percent: 15, milliseconds: 1_000 };

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const signer = new EventSigner();
writeFileSync(join(home, 'key.pem'), signer.publicKey);
await seedJournal(home, CARDS);

const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' };
const flags = [
  '--port',
  '0',
  '--admin-port',
  '0',
  '--public-key',
  join(home, 'key.pem'),
  '--catch-up-since',
  '0',
];
const server = spawn(process.execPath, [BINARY, 'serve', ...flags, '--json'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const lines = createInterface({ input: server.stdout });
const [first] = (await once(lines, 'line')) as [string];
lines.resume();
const { url, adminUrl } = JSON.parse(first) as { url: string; adminUrl: string };

/** Milliseconds from an event to a board, for each of both. */
const delays: number[] = [];
const sent = new Map<string, number>();

/** Opens a board, and measures when each event is in its messages. */
async function openBoard(): Promise<void> {
  const response = await new Promise<http.IncomingMessage>((resolve) =>
    http.get(`${adminUrl}/board/events`, resolve),
  );
  const seen = new Set<string>();
  response.setEncoding('utf8').on('data', (chunk: string) => {
    for (const [, code = ''] of chunk.matchAll(/BENCH_(\d+)/g)) {
      const at = sent.get(code);
      if (at !== undefined && !seen.has(code)) delays.push(performance.now() - at);
      seen.add(code);
    }
  });
}
for (let board = 0; board < BOARDS; board += 1) await openBoard();

/** CPU time of the server in seconds, in ticks of 10 ms. */
function cpuTime(): number {
  const fields = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

await setTimeout(5_000);
const before = { cpu: cpuTime(), at: performance.now() };
for (let second = 0; second < SECONDS; second += 1) {
  const at = new Date().toISOString();
  const code = String(second);
  sent.set(code, performance.now());
  const event = signer.event({
    status: 'PRODUCTION_ERROR',
    kiosk_id: `WIS9${second}`,
    error_code: `BENCH_${second}`,
    occurred_at: at,
  });
  await deliver(url, event);
  await setTimeout(1_000);
}
const percent = ((cpuTime() - before.cpu) / ((performance.now() - before.at) / 1_000)) * 100;
const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
const mebibytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1_024;
server.kill('SIGTERM');
await once(server, 'exit');

const slowest = quantile(delays, 0.95) ?? Number.NaN;
console.log(`Node ${process.version}; ${CARDS} cards; ${BOARDS} boards for ${SECONDS} s, one event a second
peak memory              ${mebibytes.toFixed(0)} MiB (at most ${LIMITS.mebibytes})
CPU                      ${percent.toFixed(1)} % of a core (at most ${LIMITS.percent})
event to board, p95      ${slowest.toFixed(0)} ms (at most ${LIMITS.milliseconds}), ${delays.length} seen`);
const isOver = mebibytes > LIMITS.mebibytes || percent > LIMITS.percent || !(slowest <= LIMITS.milliseconds);
process.exit(isOver ? 1 : 0);
