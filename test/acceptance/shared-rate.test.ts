// The rate limits of Wise are those of a client, whatever the number of its processes.
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeLogin, makeSchema, testWithPostgres } from '../harness/postgres.ts';
import { BINARY, ended, SECRET, User } from '../harness/program.ts';
import { ServedSandbox } from '../harness/served.ts';
import { urlOf } from '../harness/team.ts';
import { CARD, inTurn, json, ORDER, OwnVendor } from './vendor.ts';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

async function addressOfServer(): Promise<Record<string, string>> {
  const address = await makeLogin(await makeSchema());
  return { KIOSKCTL_JOURNAL: urlOf(address), KIOSKCTL_JOURNAL_PASSWORD: address.password() };
}

const KINDS = [
  { kind: 'a file', testKind: test, variables: async () => ({}) },
  { kind: 'PostgreSQL', testKind: testWithPostgres, variables: addressOfServer },
];

function openUser(url: string, journal: Record<string, string>): User {
  const user = new User({
    ...journal,
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_TOKEN: SECRET,
    KIOSKCTL_BASE_URL: url,
  });
  onTestFinished(() => user.leave());
  return user;
}

describe.each(KINDS)('processes on one journal in $kind', ({ testKind, variables }) => {
  testKind('together never exceed the rate limits, which four of them would', async () => {
    const operator = new User();
    onTestFinished(() => operator.leave());
    const sandbox = await ServedSandbox.open(operator, { rateLimits: true, speed: 1 });
    onTestFinished(async () => sandbox.close());
    const user = openUser(sandbox.url, await variables());
    // Creates the journal: without one, there is nothing that the processes share.
    await user.run('status 1001/501');
    // The API knows none of these orders, which takes one request for each.
    const orders = numbers(45).map((index) => `1001/${600 + index}`);
    await Promise.all(numbers(4).map(async () => user.spawn(['status', ...orders])));
    const requests = await sandbox.requests('/card-orders/6');
    expect(requests).toHaveLength(180);
    expect(requests.filter(({ status }) => status === 429)).toEqual([]);
  });

  testKind('all pause as long as Wise asks one of them to, and then succeed', async () => {
    const limited = json({ error: 'too many requests' }, 429, { 'retry-after': '1' });
    const vendor = await OwnVendor.open({ 'one order': inTurn(limited, json(ORDER)) });
    onTestFinished(() => vendor.close());
    const user = openUser(vendor.url, await variables());
    const command = ['status', '1001/501', '--verbose'];
    const first = user.start([BINARY, ...command]);
    const end = ended(first);
    await new Promise<void>((resolve) => {
      first.stderr?.on('data', (text) => String(text).includes(' 429 ') && resolve());
    });
    const others = await Promise.all([user.run(command), user.spawn(['status', CARD])]);
    expect([...others, await end].map(({ code }) => code)).toEqual([0, 0, 0]);
    const [asked, ...later] = vendor.received.map(({ at }) => at);
    expect(later.length).toBeGreaterThan(3);
    expect(Math.min(...later) - (asked ?? 0)).toBeGreaterThanOrEqual(990);
  });
});
