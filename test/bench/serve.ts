// npm run bench:serve [seconds] [boards]: `kioskctl serve` for 100 kiosks with 100,000 cards, and 10 events a second that are
// forwarded, with notices, a scraper and open boards: its memory, its share of a core, how long a task blocks the event loop, and how long
// an answer takes. An answer waits for the disk: with TMPDIR=/dev/shm, a slow disk does not count.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { EventSigner, type SignedEvent } from '../harness/events.ts';
import { portOf } from '../harness/ports.ts';
import { Load, percentile, requestOf } from './load.ts';
import type { LoopDelay } from './loop-delay.ts';

const SECONDS = Number(process.argv[2] ?? 60);
const BOARDS = Number(process.argv[3] ?? 0);
const KIOSKS = 100;
const CARDS = 100_000;
const PER_SECOND = 10;
const SCRAPE_MS = 15_000;
const MOST_MIB = 250;
const MOST_CORE = 0.15;
const SLOWEST_P99_MS = 50;
/** Longest CPU time of a task, in milliseconds. One in a thousand turns may be slower: garbage is collected. */
const LONGEST_TASK_MS = 10;
/** Ticks of /proc a second, on all usual Linux machines. */
const TICKS = 100;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
const children: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true, force: true });
});

const kioskOf = (index: number) => `WIS${String((index % KIOSKS) + 1).padStart(5, '0')}`;
const tokens = Array.from({ length: CARDS }, () => randomUUID());

/** Writes the cards of some months: one in twenty failed, one in a hundred is in progress. */
async function seed(): Promise<void> {
  const file = join(home, 'journal.db');
  await openSqliteJournal({ file, environment: 'sandbox', now: () => Date.now() }).close();
  const db = new DatabaseSync(file);
  const insert =
    db.prepare(`INSERT INTO cards (environment, profile_id, order_id, card_token, card_created_at, delivery_option,
    first_seen_at, production, production_status, kiosk_id, changed_at) VALUES ('sandbox', ?, ?, ?, ?, 'KIOSK_COLLECTION', ?, ?, ?, ?, ?)`);
  db.exec('BEGIN');
  for (const [index, token] of tokens.entries()) {
    const at = Date.now() - (CARDS - index) * 40_000;
    const isFailed = index % 20 === 3;
    const status = isFailed ? 'PRODUCTION_ERROR' : index % 100 === 50 ? 'IN_PROGRESS' : 'PRODUCED';
    const errorCode = isFailed ? 'PRD_HOPPER_DOOR' : null;
    const occurredAt = new Date(at).toISOString();
    const production = { status, kioskId: kioskOf(index), occurredAt, errorCode, description: null };
    const createdAt = new Date(at - 600_000).toISOString();
    insert.run(
      1_000 + (index % 40),
      index + 1,
      token,
      createdAt,
      at,
      JSON.stringify(production),
      status,
      kioskOf(index),
      at,
    );
  }
  db.exec('COMMIT');
  db.close();
}

const received = { events: 0, notices: 0 };
const target = createServer((request, response) => {
  if (request.url === '/notices') received.notices += 1;
  else received.events += 1;
  request.resume();
  response.end();
}).listen(0, '127.0.0.1');
await once(target, 'listening');
const origin = `http://127.0.0.1:${portOf(target)}`;

const signer = new EventSigner();
const keyFile = join(home, 'key.pem');
writeFileSync(keyFile, signer.publicKey);
const notifyFile = join(home, 'notify.yaml');
writeFileSync(notifyFile, `targets:\n  - name: bench\n    format: json\n    url: ${origin}/notices\n`, {
  mode: 0o600,
});

const loopFile = join(home, 'loop.json');

async function start(): Promise<{ url: string; adminUrl: string; child: ChildProcess }> {
  const servers = `--port 0 --admin-port 0 --json --catch-up-since 0 --public-key ${keyFile}`;
  const args = `serve ${servers} --forward-to ${origin}/events --notify-file ${notifyFile} --notify-after 5s`;
  const preload = new URL('loop-delay.ts', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', preload, 'bin/run.js', ...args.split(' ')], {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      KIOSKCTL_HOME: home,
      KIOSKCTL_ENVIRONMENT: 'sandbox',
      LOOP_FILE: loopFile,
      LOOP_AFTER_MS: '2000',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, 'line')) as [string];
  lines.close();
  child.stdout.resume();
  return { ...(JSON.parse(line) as { url: string; adminUrl: string }), child };
}

/** CPU time of a process in seconds, and the most memory that it had, in MiB. */
function usageOf(pid: number): { cpu: number; memory: number } {
  const [user = 0, system = 0] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .split(') ')[1]!
    .split(' ')
    .slice(11, 13)
    .map(Number);
  const memory = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  return { cpu: (user + system) / TICKS, memory };
}

/** A card passes through its states; one in twenty fails. */
function eventOf(index: number): SignedEvent {
  const status = index % 2 === 0 ? 'IN_PROGRESS' : index % 40 === 1 ? 'PRODUCTION_ERROR' : 'PRODUCED';
  const error_code = status === 'PRODUCTION_ERROR' ? 'PRD_HOPPER_DOOR' : null;
  const cardToken = tokens[CARDS - 1 - Math.floor(index / 2)]!;
  const occurred_at = new Date(Date.now() + index).toISOString();
  return {
    ...signer.event({ cardToken, status, error_code, kiosk_id: kioskOf(index), occurred_at }),
    cardToken,
  };
}

await seed();
const { url, adminUrl, child } = await start();
const pid = child.pid ?? 0;
const scrapes: number[] = [];
const scrape = async () => {
  const began = performance.now();
  const text = await (await fetch(new URL('/metrics', adminUrl))).text();
  scrapes.push(performance.now() - began);
  return text;
};
await scrape();
/** Fragments that the open boards received. */
let fragments = 0;
for (let board = 0; board < BOARDS; board += 1) {
  const [stream] = (await once(get(`${adminUrl}/board/events`), 'response')) as [IncomingMessage];
  stream.on('data', () => (fragments += 1)).on('error', () => undefined);
}
const events = Array.from({ length: SECONDS * PER_SECOND }, (_, index) => requestOf(eventOf(index)));
const before = usageOf(pid);
const began = performance.now();
const scraper = setInterval(() => void scrape(), SCRAPE_MS);
const load = await Load.open(url, 4);
const outcome = await load.steady(events, PER_SECOND);
clearInterval(scraper);
const elapsed = (performance.now() - began) / 1_000;
const after = usageOf(pid);
const metrics = await scrape();
load.close();
child.kill('SIGTERM');
await once(child, 'exit');
target.close();

const checks: boolean[] = [];
function print(what: string, { is, goal, isMet }: { is: string; goal: string; isMet: boolean }): void {
  checks.push(isMet);
  console.log(`${what.padEnd(34)} ${is.padStart(12)}  goal ${goal.padEnd(10)} ${isMet ? 'met' : 'MISSED'}`);
}
const core = (after.cpu - before.cpu) / elapsed;
const p99 = percentile(outcome.latencies, 0.99);
const loop = JSON.parse(readFileSync(loopFile, 'utf8')) as LoopDelay;
console.log(`${KIOSKS} kiosks, ${CARDS} cards, ${events.length} events in ${elapsed.toFixed(0)} s, ${scrapes.length} scrapes
(slowest ${Math.max(...scrapes).toFixed(0)} ms, ${(metrics.length / 1_024).toFixed(0)} KiB), ${received.events} forwarded, ${received.notices} notices, ${BOARDS} boards with ${fragments} messages
event loop: delay p99 ${loop.p99.toFixed(1)} ms, most ${loop.max.toFixed(0)} ms; longest task ${loop.cpuMax.toFixed(1)} ms of CPU
answers: median ${percentile(outcome.latencies, 0.5).toFixed(1)} ms, slowest ${Math.max(...outcome.latencies).toFixed(0)} ms\n`);
print('stored', { is: String(outcome.answered), goal: String(events.length), isMet: outcome.refused === 0 });
print('most memory', {
  is: `${after.memory.toFixed(0)} MiB`,
  goal: `${MOST_MIB} MiB`,
  isMet: after.memory <= MOST_MIB,
});
print('CPU', { is: `${(core * 100).toFixed(1)} %`, goal: `${MOST_CORE * 100} %`, isMet: core <= MOST_CORE });
print('task of the event loop (p99.9)', {
  is: `${loop.cpuMost.toFixed(1)} ms`,
  goal: `${LONGEST_TASK_MS} ms`,
  isMet: loop.cpuMost <= LONGEST_TASK_MS,
});
print('p99 of an answer', {
  is: `${p99.toFixed(1)} ms`,
  goal: `${SLOWEST_P99_MS} ms`,
  isMet: p99 <= SLOWEST_P99_MS,
});
process.exitCode = checks.every(Boolean) ? 0 : 1;
