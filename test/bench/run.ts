// npm run bench:run [cards] [kiosks]: `run` of a scenario for many cards over many kiosks of the embedded sandbox, whose
// waits end through the events of a live listener: first without delays (time, cards a second, requests a card, memory),
// then against the vendor's rate limits, in a time that goes faster.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kioskIds, report, Stage } from './stage.ts';

const CARDS = Number(process.argv[2] ?? 1_000);
const KIOSKS = Number(process.argv[3] ?? 20);
/** The same with many cards, to compare memory with. */
const MANY = 10 * CARDS;
/** MiB for CARDS and for MANY cards, where these are 1,000 and 10,000. */
const MOST_MEMORY = { few: 160, many: 180 };
const MOST_REQUESTS = 3.2;
/** How many times faster the sandbox's time goes while it enforces the limits. */
const SPEED = 1.5;
const LIMIT = { perSecond: 100, perMinute: 1_000 };
/** What the run leaves to the listener, which is the same client to the vendor. */
const LEFT = 10;
const LEAST_USED = 0.95;

/** The kiosks produce by themselves: three requests a card are all that it takes. */
const SCENARIO = `version: 1
name: bench
steps: [order, wait-ready, produce, wait-produced, {expect: {stage: produced, attempt: 1}}]
`;

interface Measured {
  passed: number;
  seconds: number;
  /** From the first to the last step, without start-up. */
  running: number;
  requests: { reads: number; sends: number; limited: number };
  memory: number;
}

async function measure(
  cards: number,
  { sandbox = ['--speed', '1000'], flags = [] as string[], env = {} } = {},
): Promise<Measured> {
  const stage = new Stage(env);
  try {
    await stage.open(['--kiosks', String(KIOSKS), ...sandbox]);
    await stage.outcomes(kioskIds(KIOSKS), { status: 'PRODUCED', times: cards, afterMs: 0 });
    const file = join(stage.home, 'bench.yaml');
    writeFileSync(file, SCENARIO);
    const kiosks = kioskIds(KIOSKS).flatMap((kioskId) => ['--kiosk', kioskId]);
    const ran = await stage.run([
      'run',
      file,
      '--cards',
      String(cards),
      ...kiosks,
      '--allow-unlisted-kiosk',
      '--keep',
      ...flags,
    ]);
    const { document } = await stage.run(['runs', 'list', '--json']);
    const [run] = document.runs;
    const shown = await stage.run(['runs', 'show', run.id, '--json']);
    const { totals } = shown.document;
    return {
      passed: totals.cards.passed,
      seconds: ran.seconds,
      running: totals.durationMs / 1_000,
      requests: totals.requests,
      memory: ran.memory,
    };
  } finally {
    await stage.close();
  }
}

function tell(what: string, { passed, seconds, requests, memory }: Measured): void {
  const each = ((requests.reads + requests.sends) / passed).toFixed(2);
  console.log(
    `${what}: ${passed} cards produced in ${seconds.toFixed(1)} s, ${(passed / seconds).toFixed(1)} a second, ` +
      `${each} requests a card, peak memory ${memory.toFixed(0)} MiB`,
  );
}

/** The least time in which so many requests are allowed, in seconds of the vendor's time. */
function leastTime(requests: number): number {
  const minutes = Math.ceil(requests / LIMIT.perMinute) - 1;
  const rest = requests - minutes * LIMIT.perMinute;
  return minutes * 60 + (Math.ceil(rest / LIMIT.perSecond) - 1);
}

const free = await measure(CARDS);
tell('without limits', free);
const limited = await measure(CARDS, {
  sandbox: ['--speed', String(SPEED), '--rate-limits'],
  flags: [
    '--limit-rps',
    String(LIMIT.perSecond),
    '--limit-rpm',
    String(LIMIT.perMinute - LEFT),
    '--timeout',
    '30m',
  ],
  env: { KIOSKCTL_SANDBOX_SPEED: String(SPEED) },
});
tell(`at the vendor's rate limits, ${SPEED} times faster`, limited);
const many = await measure(MANY);
tell('without limits', many);

const used = leastTime(limited.requests.reads + limited.requests.sends) / (limited.running * SPEED);
const perCard = Math.max(
  ...[free, limited, many].map(({ requests, passed }) => (requests.reads + requests.sends) / passed),
);
report([
  [
    `all produced, ${free.passed} + ${limited.passed} + ${many.passed}`,
    free.passed === CARDS && limited.passed === CARDS && many.passed === MANY,
  ],
  [`requests a card, ${perCard.toFixed(2)} (at most ${MOST_REQUESTS})`, perCard <= MOST_REQUESTS],
  [
    `of the rate limits used, ${(100 * used).toFixed(1)} % (at least ${100 * LEAST_USED})`,
    used >= LEAST_USED,
  ],
  [`answers with 429, ${limited.requests.limited} (none)`, limited.requests.limited === 0],
  [
    `memory for ${CARDS} cards, ${free.memory.toFixed(0)} MiB (at most ${MOST_MEMORY.few})`,
    free.memory <= MOST_MEMORY.few,
  ],
  [
    `memory for ${MANY} cards, ${many.memory.toFixed(0)} MiB (at most ${MOST_MEMORY.many})`,
    many.memory <= MOST_MEMORY.many,
  ],
]);
