// A run whose process is killed again and again, and each time resumed: how often were cards ordered and produced?
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { ended, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';

/** `npm run soak` sets SOAK=all. */
const SIZE =
  process.env.SOAK === 'all'
    ? { cards: 200, kiosks: 10, kills: 10 }
    : { cards: 40, kiosks: 10, kills: 3, env: { KIOSKCTL_SETTLE: '1s' } };

interface KillOptions {
  cards: number;
  kiosks: number;
  kills: number;
  /** Says when it is killed. */
  seed: number;
  env?: Record<string, string>;
}

interface Survived {
  /** How often a process was killed that had not come to its end, and how many sessions the run says that it had. */
  killed: number;
  sessions: number;
  /** Of the last session. */
  exitCode: number | null;
  /** Orders that the sandbox took. */
  orders: number;
  /** How many cards had so many PUTs. */
  puts: Record<number, number>;
  /** By `runs show`. */
  passed: number;
  outcome: string;
}

/** At most so long after a card ended it is killed, in milliseconds; the first one takes a while. */
const LATEST = 50;
const LATEST_AT_FIRST = 200;
/** What is said before cards end: the context, and the end of its line. */
const FIRST_LINES = 2;

/** @returns what became of it, by the sandbox's log and by the journal */
async function killRun({ cards, kiosks, kills, seed, env }: KillOptions): Promise<Survived> {
  const user = new User({ KIOSKCTL_CONTEXT: 'local', ...env });
  const sandbox = await ServedSandbox.open(user, { kiosks });
  user.env.KIOSKCTL_BASE_URL = sandbox.url;
  const random = randomFrom(seed);
  try {
    let killed = 0;
    let id: string | null = null;
    for (let turn = 0; turn < kills; turn += 1) {
      const words: string[] = id === null ? beginning({ cards, kiosks }) : ['run', '--resume', id];
      // So few cards come to their end in each session that there are some left for the next.
      const count = Math.floor((random() * cards) / kills / 2);
      const moment = { ended: count, later: random() * (count === 0 ? LATEST_AT_FIRST : LATEST) };
      if (await killedIn(user, words, moment)) killed += 1;
      id ??= await onlyRun(user);
    }
    const { code } = await user.spawn(`run --resume ${id} --json`);
    const { json } = await user.run(`runs show ${id} --json`);
    const { run, totals } = json;
    const { cards: counts, outcome } = totals;
    return {
      killed,
      sessions: run.sessions,
      exitCode: code,
      ...(await sent(sandbox)),
      passed: counts.passed,
      outcome,
    };
  } finally {
    await sandbox.close();
    user.leave();
  }
}

function beginning({ cards, kiosks }: Pick<KillOptions, 'cards' | 'kiosks'>): string[] {
  const names = Array.from({ length: kiosks }, (_, index) => `WIS${String(index + 1).padStart(5, '0')}`);
  return [
    'run',
    'happy-path',
    '--keep',
    '--cards',
    String(cards),
    ...names.flatMap((name) => ['--kiosk', name]),
    '--allow-unlisted-kiosk',
  ];
}

/** Kills a process some time after so many cards ended. @returns false for one that had ended by itself before */
async function killedIn(
  user: User,
  words: string[],
  moment: { ended: number; later: number },
): Promise<boolean> {
  const child = user.start([user.binary, ...words]);
  const end = ended(child);
  let told = '';
  child.stderr?.on('data', (text: string) => void (told += text));
  const isEarly = () => told.split('\n').length < moment.ended + FIRST_LINES;
  while (child.stderr && child.exitCode === null && isEarly())
    await Promise.race([once(child.stderr, 'data'), end]);
  await sleep(moment.later);
  child.kill('SIGKILL');
  return (await end).code === null;
}

/** It may have been killed before it began: then there is none to resume. */
async function onlyRun(user: User): Promise<string | null> {
  const { json } = await user.run('runs list --json');
  return json.runs[0]?.id ?? null;
}

async function sent(sandbox: ServedSandbox): Promise<Pick<Survived, 'orders' | 'puts'>> {
  const orders = await sandbox.requests('/card-orders');
  const perCard = new Map<string, number>();
  for (const { method, path } of await sandbox.requests('/production'))
    if (method === 'PUT') perCard.set(path, (perCard.get(path) ?? 0) + 1);
  const puts: Record<number, number> = {};
  for (const count of perCard.values()) puts[count] = (puts[count] ?? 0) + 1;
  return { orders: orders.filter(({ method, effect }) => method === 'POST' && effect).length, puts };
}

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('a run that is killed again and again and resumed orders and produces each card once', {
  timeout: 600_000,
}, async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000));
  const survived = await killRun({ ...SIZE, seed });
  const { cards, kills } = SIZE;
  expect(survived, `repeat it with SEED=${seed}`).toMatchObject({
    exitCode: 0,
    outcome: 'passed',
    passed: cards,
    orders: cards,
    puts: { 1: cards },
  });
  expect(survived.killed, `repeat it with SEED=${seed}`).toBe(kills);
});
