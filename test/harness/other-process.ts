// A process that shares a file with a test: `other-process.ts WORK FILE ...`. Prints its results as JSON.
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { Delivery, Journal } from '../../src/journal/journal.ts';
import { uptimeNow } from '../../src/machine/boot.ts';
import type { PostgresAddress } from '../../src/postgres/address.ts';

const HEARTBEAT_MS = 2_000;
const WORK: Record<string, (file: string, ...args: string[]) => Promise<void>> = {
  attempt,
  lease,
  listen,
  count,
  act,
  settings,
  sandbox,
};

const [, , work = '', file = '', ...args] = process.argv;
await WORK[work]?.(file, ...args);

function print(result: unknown): void {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Returns the times of an action that has ended. Rounded up: a journal on a server rounds its times. */
function times(): { at: number; uptime: number } {
  return { at: Date.now() + 1, uptime: uptimeNow() };
}

/** Opens a journal: in the file, or in a database if the argument is its address as JSON. */
async function openJournal(environment: string): Promise<Journal> {
  if (file.startsWith('{')) {
    const { makeJournal } = await import('../../src/journal/open-journal.ts');
    const { loadPostgres } = await import('../../src/journal/postgres-journal.ts');
    const { password, ...place } = JSON.parse(file) as Omit<PostgresAddress, 'password'> & {
      password: string;
    };
    const address = { ...place, password: () => password };
    const database = (await loadPostgres())({ address });
    return makeJournal(() => database, { environment, now: () => Date.now() });
  }
  const { openSqliteJournal } = await import('../../src/journal/open-journal.ts');
  return openSqliteJournal({ file, environment, now: () => Date.now() });
}

/**
 * Claims a card unless another process has its lease. Then optionally marks it as sent, or starts an action. Runs until
 * it is killed or its input ends.
 */
async function attempt(_: string, word = '', then = 'stop'): Promise<void> {
  const { parseCardToken, parseKioskId } = await import('../../src/domain/ids.ts');
  const journal = await openJournal('sandbox');
  const cardToken = parseCardToken(word);
  const kioskId = parseKioskId('WIS00001');
  const at = Date.now();
  const card = { profileId: 1001, orderId: 501, cardToken };
  const others = await journal.takeLeases([`card ${cardToken}`], 'send');
  if (others.length > 0) {
    print({ id: '', claimed: false, sent: false, ...times() });
    process.stdin.resume();
    return;
  }
  const { attempt: own, claimed } = await journal.claim({ ...card, kioskId, reason: null, at });
  let sent = false;
  if (then === 'send') {
    const { settleWindow } = await import('./records.ts');
    const attempt = await journal.markSent(own, {
      kioskId,
      orderId: 501,
      baseline: null,
      correlationId: 'c',
      settleWindow: settleWindow(),
      at,
    });
    sent = attempt !== null;
  }
  if (then === 'cancel') {
    const subject = { ...card, orderId: null, kioskId: null };
    await journal.startAction({ action: 'cancel', context: 'ci', ...subject, reason: null, at });
  }
  print({ id: own.id, claimed, sent, ...times() });
  process.stdin.resume();
}

/** Acquires the lease on a card. Runs until it is killed or its input ends. */
async function lease(_: string, cardToken = ''): Promise<void> {
  const journal = await openJournal('sandbox');
  const others = await journal.takeLeases([`card ${cardToken}`], 'produce');
  print({ id: '', claimed: others.length === 0, sent: false, ...times() });
  process.stdin.resume();
}

/** Stores each webhook that arrives as a JSON line, until its input ends. */
async function listen(_: string, environment = 'local'): Promise<void> {
  const journal = await openJournal(environment);
  const listening = await journal.startListener('http://127.0.0.1:8788', Date.now());
  const heartbeat = setInterval(() => void journal.heartbeat(listening, Date.now()), HEARTBEAT_MS);
  print({ type: 'ready' });
  for await (const line of createInterface({ input: process.stdin })) {
    const delivery = JSON.parse(line) as Omit<Delivery, 'body' | 'receivedAt'>;
    const kept = await journal.keepEvent({ ...delivery, body: Buffer.from(line), receivedAt: Date.now() });
    print({ type: 'kept', id: kept?.id ?? null, at: Date.now() });
  }
  clearInterval(heartbeat);
  await journal.endListener(listening, Date.now());
  await journal.close();
}

/** Increments the counter of a database several times, each in a transaction. @param migrations JSON list */
async function count(_: string, migrations = '[]', times = '0'): Promise<void> {
  const { SqliteConnection } = await import('../../src/database/sqlite.ts');
  const db = new SqliteConnection({
    file,
    migrations: JSON.parse(migrations) as string[],
    durability: 'normal',
    fault: (reason) => new Error(`fault: ${reason}`),
  });
  for (let turn = 0; turn < Number(times); turn += 1) {
    db.transaction(() => {
      const n = db.get<{ n: number }>('SELECT n FROM counter')?.n ?? 0;
      db.run('UPDATE counter SET n = :n', { n: n + 1 });
    });
  }
  db.close();
}

/** Changes a setting of 50 contexts. */
async function settings(_: string, word = '', text = ''): Promise<void> {
  const { setValue } = await import('../../src/cli/settings/edit-contexts.ts');
  const { parseValue, toSettingKey } = await import('../../src/cli/settings/parse-settings.ts');
  const { changeSettings } = await import('../../src/cli/settings/write-settings.ts');
  const key = toSettingKey(word);
  const value = parseValue(key, [text]);
  for (let turn = 0; turn < 50; turn += 1)
    await changeSettings(file, (all) => setValue(all, `c${turn}`, { key, value }));
}

/**
 * Serves a state file, orders ten cards (the same in each such process), and prints the cards that it sent to a kiosk.
 */
async function sandbox(): Promise<void> {
  const { Sandbox } = await import('../../src/sandbox/sandbox.ts');
  const served = new Sandbox({ stateFile: file, speed: 1_000 });
  const url = await served.listen({ host: '127.0.0.1', port: 0 });
  const accepted: string[] = [];
  const statuses: number[] = [];
  for (let index = 0; index < 10; index += 1) {
    const cardToken = await orderCard(url, `054064c9-e01e-49fb-8fd9-b0990b9442f${index}`);
    const answer = await call(url, `PUT cards/${cardToken}/production`, { body: { kioskId: 'WIS00001' } });
    await answer.text();
    statuses.push(answer.status);
    if (answer.status === 200) accepted.push(cardToken);
  }
  await served.close();
  print({ accepted, statuses });
}

async function orderCard(url: string, key: string): Promise<string> {
  const body = {
    program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
    cardHolderName: 'Ada Example',
    deliveryOption: 'KIOSK_COLLECTION',
    address: { firstLine: '1 Road', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
  };
  const created = await call(url, 'POST card-orders', { body, headers: { 'x-idempotence-uuid': key } });
  const { id } = (await created.json()) as { id: number };
  // At speed 1,000, a card is ready after two milliseconds.
  await pause(5);
  const order = await call(url, `GET card-orders/${id}`);
  return ((await order.json()) as { cardToken: string }).cardToken;
}

async function call(
  url: string,
  target: string,
  { body, headers }: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Response> {
  const [method = 'GET', path = ''] = target.split(' ');
  return fetch(`${url}/v3/spend/profiles/1001/${path}`, {
    method,
    headers: { authorization: 'Bearer x', 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Records actions one after another until it is killed, and prints the number of each stored action. */
async function act(): Promise<void> {
  const journal = await openJournal('local');
  const subject = { profileId: 1001, orderId: null, cardToken: null, kioskId: null };
  for (;;)
    print(
      await journal.startAction({ action: 'produce', context: 'local', reason: null, at: 1, ...subject }),
    );
}
