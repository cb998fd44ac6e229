// npm run bench:rate [requests] [processes]: how much of the vendor's rate limits one process uses, and several on one journal, in
// a file and in PostgreSQL, in the vendor's own time. Each request asks for an order that the sandbox doesn't know, which is one request without a repeat.
import { PostgresServer } from './postgres-server.ts';
import { report, Stage } from './stage.ts';

const REQUESTS = Number(process.argv[2] ?? 2_100);
const SEVERAL = Number(process.argv[3] ?? 4);
const LIMIT = { perSecond: 100, perMinute: 1_000 };
const FIRST_ORDER = 10_000;

interface Measured {
  sent: number;
  limited: number;
  /** Of the rate limits. */
  used: number;
}

async function measure(processes: number, journal: Record<string, string> = {}): Promise<Measured> {
  const stage = new Stage({
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: 'any',
    KIOSKCTL_PROFILE_ID: '1001',
    ...journal,
  });
  try {
    await stage.serveSandbox(['--speed', '1', '--rate-limits']);
    // Creates the journal. It counts like all others.
    await stage.run(['status', `1001/${FIRST_ORDER}`]);
    const orders = Array.from({ length: REQUESTS - 1 }, (_, index) => `1001/${FIRST_ORDER + index + 1}`);
    const shares = Array.from({ length: processes }, (_, share) =>
      orders.filter((_order, index) => index % processes === share),
    );
    await Promise.all(shares.map(async (share) => stage.run(['status', ...share])));
    const { requests } = await stage.call<{ requests: { at: string; status: number }[] }>(
      'GET',
      '/_sandbox/requests',
    );
    // Without the first one: the time to the start of the others is not theirs.
    const times = requests
      .map(({ at }) => Date.parse(at))
      .toSorted((left, right) => left - right)
      .slice(1);
    return {
      sent: requests.length,
      limited: requests.filter(({ status }) => status === 429).length,
      used: leastTime(requests.length) / (Math.max(...times) - Math.min(...times)),
    };
  } finally {
    await stage.close();
  }
}

/** The least time in which so many requests are allowed, in milliseconds. */
function leastTime(requests: number): number {
  const minutes = Math.ceil(requests / LIMIT.perMinute) - 1;
  const rest = requests - minutes * LIMIT.perMinute;
  return 60_000 * minutes + 1_000 * (Math.ceil(rest / LIMIT.perSecond) - 1);
}

function check(who: string, { sent, limited, used }: Measured, least: number): [string, boolean][] {
  return [
    [`requests of ${who}, ${sent} (${REQUESTS})`, sent === REQUESTS],
    [
      `of the rate limits used by ${who}, ${(100 * used).toFixed(1)} % (at least ${100 * least})`,
      used >= least,
    ],
    [`answers with 429 to ${who}, ${limited} (none)`, limited === 0],
  ];
}

/** Measures several processes on one journal in PostgreSQL. */
async function measureOnServer(): Promise<Measured> {
  const server = await PostgresServer.start();
  try {
    await server.createJournal('rates');
    const journal = {
      KIOSKCTL_JOURNAL: server.url('rates'),
      KIOSKCTL_JOURNAL_PASSWORD: server.password,
    };
    return await measure(SEVERAL, journal);
  } finally {
    await server.stop();
  }
}

const one = await measure(1);
const several = await measure(SEVERAL);
const onServer = await measureOnServer();
report([
  ...check('one process', one, 0.99),
  ...check(`${SEVERAL} processes on one journal`, several, 0.95),
  ...check(`${SEVERAL} processes on one journal in PostgreSQL`, onServer, 0.95),
]);
