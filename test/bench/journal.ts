// npm run bench:journal [cards]: the journal in a file and in PostgreSQL, in one run on one machine. The server runs here, and
// writes to the disk before it confirms.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type CardEvent, emptyEvent, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { parseCardToken } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { SlowNetwork } from '../harness/slow-network.ts';
import { attempt, openPlace } from './journal-worker.ts';
import { fillJournal, keep, seedJournal } from './oncall-journal.ts';
import { PostgresServer } from './postgres-server.ts';
import { report } from './stage.ts';

const CARDS = Number(process.argv[2] ?? 10_000);
const ROOT = join(import.meta.dirname, '../..');
const BINARY = join(ROOT, 'bin/run.js');

/** The last commit before journals in PostgreSQL. */
const BEFORE = '77ee42e20d34ee3477c544b3c3750e23c9a000cf';

const LIMITS = {
  roundTrips: 5,
  eventsPerSecond: 5_000,
  wait: { postgres: 15, file: 10 },
  waitingCpu: 0.5,
  /** Multiple of `node -e 0`: 200 ms where that takes 40 ms. */
  list: 5,
  slower: 0.05,
};
const NETWORK_DELAY_MS = 10;
const ATTEMPTS = 5;
const EVENTS = 20_000;
/** As many as a busy listener receives while it writes the ones before. */
const EVENTS_AT_ONCE = 200;
const WAITS = 100;
const IDLE_MS = 10_000;
const PAIRS = 15;
const ATTEMPTS_OF_PAIR = 100;
const LISTS = 15;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
const checks: [string, boolean][] = [];
const check = (what: string, isMet: boolean) => {
  checks.push([what, isMet]);
  console.log(what);
};

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function event(): CardEvent {
  const cardToken = parseCardToken(randomUUID());
  const now = new Date().toISOString();
  return { ...emptyEvent(PRODUCTION_EVENT), cardToken, status: 'PRODUCED', profileId: 1, occurredAt: now };
}

async function roundTrips(server: PostgresServer): Promise<void> {
  const { network, address } = await SlowNetwork.open(server.address('trips'), NETWORK_DELAY_MS);
  const journal = await openPlace(server.place(address));
  await attempt(journal);
  const started = performance.now();
  const trips: number[] = [];
  for (let done = 0; done < ATTEMPTS; done += 1) {
    network.roundTrips = 0;
    await attempt(journal);
    trips.push(network.roundTrips);
  }
  // Every two seconds, a renewal of the lease comes on top.
  const each = median(trips);
  const time = (performance.now() - started) / ATTEMPTS;
  await journal.close();
  network.close();
  const what = `round trips of an attempt with its lease: lease, claim, sent, result, release`;
  check(
    `${what}: ${each} (at most ${LIMITS.roundTrips}); ${time.toFixed(0)} ms on a network of ${2 * NETWORK_DELAY_MS} ms`,
    each <= LIMITS.roundTrips,
  );
}

async function eventsPerSecond(name: string, journal: Journal): Promise<void> {
  const store = async (count: number) => {
    const started = performance.now();
    for (let stored = 0; stored < count; stored += EVENTS_AT_ONCE)
      await Promise.all(Array.from({ length: EVENTS_AT_ONCE }, async () => keep(journal, event())));
    return (count * 1_000) / (performance.now() - started);
  };
  await store(EVENTS / 10);
  const rate = await store(EVENTS);
  await journal.close();
  check(
    `events a second, ${name}, ${EVENTS_AT_ONCE} at once: ${rate.toFixed(0)} (at least ${LIMITS.eventsPerSecond})`,
    rate >= LIMITS.eventsPerSecond,
  );
}

/** Starts a process of this benchmark. */
function startWorker(work: string, place: string, { count = 0, sources = ROOT } = {}): ChildProcess {
  const worker = join(import.meta.dirname, 'journal-worker.ts');
  return spawn(process.execPath, [worker, work, sources, place, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function ticksOf({ pid }: ChildProcess): number {
  const stat = execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' });
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return user + system;
}

const TICKS_PER_SECOND = 100;

async function waits(name: 'file' | 'postgres', place: string): Promise<void> {
  const journal = await openPlace(place);
  // Its lease is renewed every two seconds, which concerns no wait.
  await journal.takeLeases(['card other'], 'send');
  const child = startWorker('wait', place, { count: WAITS });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout! });
  await once(lines, 'line');
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  const before = ticksOf(child);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const cpu = ((ticksOf(child) - before) / TICKS_PER_SECOND / (IDLE_MS / 1_000)) * 100;
  const latencies: number[] = [];
  for (let wait = 0; wait < WAITS; wait += 1) {
    const told = once(lines, 'line');
    const started = performance.now();
    void keep(journal, event());
    await told;
    latencies.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 30));
  }
  await ended;
  await journal.close();
  const limit = LIMITS.wait[name];
  const worst = Math.max(...latencies).toFixed(1);
  check(
    `event to the end of a wait in another process, ${name}, ${WAITS} waits: median ${median(latencies).toFixed(1)} ms (at most ${limit}), worst ${worst} ms`,
    median(latencies) <= limit,
  );
  check(
    `a waiting process, ${name}, over ${IDLE_MS / 1_000} s: ${cpu.toFixed(2)} % of a core (at most ${LIMITS.waitingCpu})`,
    cpu <= LIMITS.waitingCpu,
  );
}

function run(args: string[], env: NodeJS.ProcessEnv): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - started;
}

/** Prints how much longer a command takes than `node -e 0`. @returns the median of the pairs, as a multiple of it */
function compare(name: string, args: string[], env: NodeJS.ProcessEnv): number {
  run([BINARY, ...args], env);
  const pairs = Array.from({ length: LISTS }, () => {
    const bare = run(['-e', '0'], env);
    return { bare, more: run([BINARY, ...args], env) - bare };
  });
  const more = median(pairs.map((pair) => pair.more)).toFixed(0);
  const ratio = median(pairs.map((pair) => pair.more / pair.bare));
  console.log(
    `${args.slice(0, 2).join(' ')} --json, ${name}: ${more} ms more than node -e 0, ${ratio.toFixed(2)} times`,
  );
  return ratio;
}

async function commands(server: PostgresServer): Promise<void> {
  await seedJournal(home, CARDS);
  const journal = await openPlace(server.place(server.address('cards')));
  await fillJournal(journal, CARDS);
  await journal.close();
  const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' };
  const team = { ...env, KIOSKCTL_JOURNAL: server.url('cards'), KIOSKCTL_JOURNAL_PASSWORD: server.password };
  compare('file', ['kiosk', 'list', '--json'], env);
  const list = compare('postgres', ['kiosk', 'list', '--json'], team);
  check(
    `kiosk list over ${CARDS} cards, postgres: ${list.toFixed(2)} times node -e 0 more than node -e 0 (at most ${LIMITS.list})`,
    list <= LIMITS.list,
  );
  for (const [name, own] of [
    ['file', env],
    ['postgres', team],
  ] as const)
    compare(name, ['status', '--cached', failedCard(own), '--json'], own);
}

function failedCard(env: NodeJS.ProcessEnv): string {
  const list = [BINARY, 'status', '--kiosk', 'WIS00001', '--failed', '--cached', '--json'];
  const { cards } = JSON.parse(execFileSync(process.execPath, list, { env, encoding: 'utf8' }));
  return `${cards[0].profileId}/${cards[0].cardToken}`;
}

/** Compares the file with that of the last commit before journals in PostgreSQL, in pairs. */
async function fileBefore(): Promise<void> {
  const sources = join(home, 'before');
  mkdirSync(sources);
  const archive = spawnSync('git', ['archive', BEFORE, 'src', 'package.json'], {
    cwd: ROOT,
    maxBuffer: 2 ** 28,
  });
  if (archive.status !== 0)
    return console.log('the file before: not measured, because its commit is not here');
  execFileSync('tar', ['-x', '-C', sources], { input: archive.stdout });
  symlinkSync(join(ROOT, 'node_modules'), join(sources, 'node_modules'));
  const measure = async (of: string) => {
    const file = join(home, `${randomUUID()}.db`);
    const child = startWorker('attempts', file, { count: ATTEMPTS_OF_PAIR, sources: of });
    const ended = once(child, 'exit');
    const [line] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
    await ended;
    return Number(line) / ATTEMPTS_OF_PAIR;
  };
  const pairs: { before: number; now: number }[] = [];
  for (let pair = 0; pair < PAIRS; pair += 1) {
    const isFirst = pair % 2 === 0;
    const early = await measure(isFirst ? sources : ROOT);
    const late = await measure(isFirst ? ROOT : sources);
    pairs.push(isFirst ? { before: early, now: late } : { before: late, now: early });
  }
  const slower = median(pairs.map(({ before, now }) => now / before)) - 1;
  const times = `${median(pairs.map(({ before }) => before)).toFixed(2)} ms before, ${median(pairs.map(({ now }) => now)).toFixed(2)} ms now`;
  check(
    `an attempt in the file, ${PAIRS} pairs of ${ATTEMPTS_OF_PAIR}: ${times}, ${(100 * slower).toFixed(1)} % slower (at most ${100 * LIMITS.slower})`,
    slower <= LIMITS.slower,
  );
}

const server = await PostgresServer.start();
try {
  console.log(`Node ${process.version}, PostgreSQL on loopback, load ${loadavg()[0]?.toFixed(1)}\n`);
  const file = join(home, 'attempts.db');
  for (const schema of ['trips', 'events', 'waits', 'cards']) await server.createJournal(schema);
  await roundTrips(server);
  await eventsPerSecond('file', await openPlace(join(home, 'events.db')));
  await eventsPerSecond('postgres', await openPlace(server.place(server.address('events'))));
  await waits('file', file);
  await waits('postgres', server.place(server.address('waits')));
  await commands(server);
  await fileBefore();
} finally {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
}
console.log('');
report(checks);
