// kioskctl listen, as a process: what it keeps, answers and says, and how it ends.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { Load, requestOf } from '../bench/load.ts';
import { cardBody, deliver, EventSigner } from '../harness/events.ts';
import { ended, expectClean, expectComplaint, expectError, User } from '../harness/program.ts';
import { ListenerProcess, ServedSandbox } from '../harness/served.ts';

const signer = new EventSigner();
let users: User[] = [];
const bystander = new User();
afterAll(() => {
  for (const user of [bystander, ...users]) user.leave();
  users = [];
});

/** Somebody with a key file and a journal of their own. */
function newUser(env: Record<string, string> = {}): User {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox', ...env });
  users.push(user);
  writeFileSync(keyFileOf(user), signer.publicKey);
  return user;
}

function keyFileOf({ home }: User): string {
  return join(home, 'key.pem');
}

async function start(user: User, ...args: string[]): Promise<ListenerProcess> {
  const listener = await ListenerProcess.start(user.env, '--public-key', keyFileOf(user), ...args);
  onTestFinished(() => void listener.child.kill('SIGKILL'));
  return listener;
}

function journalOf(user: User): Journal {
  const journal = openSqliteJournal({
    file: join(user.home, 'journal.db'),
    environment: 'sandbox',
    now: Date.now,
  });
  onTestFinished(() => journal.close());
  return journal;
}

describe('a listener', () => {
  test('a listener prints its URL, then a line for each new event, and finally its totals', async () => {
    const user = newUser();
    const listener = await start(user);
    expect(listener.lines[0]).toMatchObject({
      schemaVersion: 1,
      command: 'listen',
      context: 'sandbox',
      environment: 'sandbox',
      exitCode: 0,
      type: 'ready',
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/webhooks$/),
      key: expect.stringMatching(/key\.pem \(RSA 2048, SHA-256 [\da-f]{16}\)$/),
      unheardSince: null,
    });
    const event = signer.event({ status: 'PRODUCTION_ERROR', error_code: 'PRD_HOPPER_DOOR' });
    const forged = { ...event, body: cardBody({ cardToken: event.cardToken, status: 'PRODUCED' }) };
    expect(await deliver(listener.url, event)).toBe(200);
    expect(await deliver(listener.url, event)).toBe(200);
    expect(await deliver(listener.url, forged)).toBe(503);
    expect(await listener.line('event')).toEqual({
      schemaVersion: 1,
      command: 'listen',
      context: 'sandbox',
      environment: 'sandbox',
      exitCode: 0,
      type: 'event',
      id: 1,
      eventType: 'cards#card-production-status-change',
      profileId: 1001,
      cardToken: event.cardToken,
      orderId: null,
      kioskId: parseKioskId('WIS00001'),
      status: 'PRODUCTION_ERROR',
      errorCode: 'PRD_HOPPER_DOOR',
      occurredAt: '2026-03-01T12:00:00.120Z',
      sentAt: '2026-03-01T12:00:01.000Z',
      receivedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      test: false,
    });
    expect(await listener.line('refused')).toMatchObject({ reason: '503 wrong signature', count: 1 });
    expect(await listener.end()).toBe(0);
    expect(listener.lines.at(-1)).toMatchObject({ type: 'end', kept: 1, duplicates: 1, refused: 1 });
    const journal = journalOf(user);
    expect(await journal.listEvents({})).toHaveLength(1);
    const kept = await journal.findDelivery(1);
    expect(kept).toMatchObject({ signature: event.signature, deliveryId: event.deliveryId });
    expect(Buffer.from(kept?.body ?? []).equals(event.body)).toBe(true);
  });

  test('a listener warns about rejected events with environment, key and cause, and answers all test notifications with 200', async () => {
    const user = newUser();
    const listener = await start(user);
    const event = signer.event();
    const mistakes = [
      () => deliver(listener.url.replace('/webhooks', '/hooks'), event),
      () => deliver(listener.url, { ...event, signature: '' }),
      () => deliver(listener.url, { ...event, signature: 'AAAA' }),
    ];
    for (const mistake of mistakes) expect(await mistake()).toBe(503);
    // Throttled: counted, and reported at the end.
    expect(await mistakes[2]?.()).toBe(503);
    const test = { 'X-Test-Notification': 'true' };
    expect(await deliver(listener.url, { ...event, signature: 'AAAA' }, test)).toBe(200);
    expect(await listener.line('unsigned-test')).toMatchObject({ reason: 'wrong signature', count: 1 });
    expect(await deliver(listener.url, event)).toBe(200);
    expect(await deliver(listener.url, { ...event, deliveryId: 'a test' }, test)).toBe(200);
    for (const deliveryId of ['a second test', 'a third test'])
      expect(await deliver(listener.url, { ...event, deliveryId }, test)).toBe(200);
    await listener.line('event', (line) => line.test);
    expect(await listener.end()).toBe(0);
    expect(listener.lines.at(-1)).toMatchObject({ kept: 4, refused: 4 });
    const about = /Listener: environment sandbox, key: \S+key\.pem \(RSA 2048, SHA-256 [\da-f]{16}\)\./;
    for (const cause of [
      /an event of Wise was refused with 503, .*came to the path \/hooks, not \/webhooks/,
      /no X-Signature-SHA256 header/,
      /2 requests that look like events .*its signature is wrong/,
      new RegExp(`A test notification names 1001/${event.cardToken}, which is in the journal`),
      // The first is reported immediately, a flood of them together.
      new RegExp(`2 test notifications name cards of the journal, like 1001/${event.cardToken};`),
    ])
      expect(listener.stderr).toMatch(cause);
    expect(listener.stderr.match(new RegExp(about, 'g'))).toHaveLength(3);
  });

  test('a listener accepts events of any --public-key, so that keys can be rotated', async () => {
    const [user, next] = [newUser(), new EventSigner()];
    const file = join(user.home, 'next.pem');
    writeFileSync(file, next.publicKey);
    const listener = await start(user, '--public-key', file);
    expect(await deliver(listener.url, signer.event())).toBe(200);
    expect(await deliver(listener.url, next.event())).toBe(200);
    expect(listener.lines[0].key).toMatch(/key\.pem \(RSA .* or .*next\.pem \(RSA /);
    expect(await listener.end()).toBe(0);
  });

  test('a listener stores unknown events, and marks test notifications', async () => {
    const user = newUser();
    const listener = await start(user);
    const other = signer.signed(Buffer.from('{"event_type":"cards#new","schema_version":"9"}'));
    expect(await deliver(listener.url, other)).toBe(200);
    expect(await deliver(listener.url, signer.event(), { 'X-Test-Notification': 'true' })).toBe(200);
    await listener.line('event', ({ eventType }) => eventType === 'cards#new');
    await listener.line('event', ({ test }) => test);
    await listener.end();
    expect((await journalOf(user).findDelivery(1))?.body.length).toBe(other.body.length);
  });

  test('a listener shows and forwards the filtered events, and another listener accepts their signatures', async () => {
    const [user, further] = [newUser(), newUser()];
    const second = await start(further);
    const first = await start(user, '--filter', 'status=PRODUCED', '--forward-to', second.url);
    const wanted = signer.event();
    expect(await deliver(first.url, signer.event({ status: 'READY' }))).toBe(200);
    expect(await deliver(first.url, wanted)).toBe(200);
    expect(await second.line('event')).toMatchObject({ cardToken: wanted.cardToken });
    await first.end();
    expect(first.ofType('event').map(({ cardToken }) => cardToken)).toEqual([wanted.cardToken]);
    expect(await journalOf(user).listEvents({})).toHaveLength(2);
    await second.end();
    expect(second.ofType('event')).toHaveLength(1);
  });

  test('a listener names the events that the other receiver did not accept', async () => {
    const user = newUser();
    const listener = await start(user, '--forward-to', 'http://127.0.0.1:1/nobody');
    expect(await deliver(listener.url, signer.event())).toBe(200);
    await listener.line('event');
    expect(await listener.end()).toBe(0);
    expect(listener.ofType('not-forwarded')).toMatchObject([{ reason: 'ECONNREFUSED', ids: [1] }]);
  });

  test('a listener responds with 503 within 5 s while the journal is locked, to many requests, and then continues', async () => {
    const user = newUser();
    const listener = await start(user);
    const rival = new DatabaseSync(join(user.home, 'journal.db'));
    rival.exec('BEGIN IMMEDIATE');
    const event = signer.event();
    const others = Array.from({ length: 12 }, async (_, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 20));
      const sentAt = performance.now();
      expect(await deliver(listener.url, signer.event())).toBe(503);
      return performance.now() - sentAt;
    });
    expect(await deliver(listener.url, event)).toBe(503);
    for (const elapsed of await Promise.all(others)) expect(elapsed).toBeLessThan(5_000);
    rival.exec('ROLLBACK');
    rival.close();
    expect(await listener.line('not-kept')).toMatchObject({ reason: expect.stringMatching(/locked/) });
    expect(await deliver(listener.url, event)).toBe(200);
    expect(await listener.end()).toBe(0);
    expect(await journalOf(user).listEvents({})).toHaveLength(1);
  });

  test('a listener records in the journal that it is running, and shows since when none was running', async () => {
    const user = newUser();
    const listener = await start(user);
    const journal = journalOf(user);
    expect(await journal.isListenedTo()).toBe(true);
    await listener.end('SIGINT');
    expect(await journal.isListenedTo()).toBe(false);
    const [listening] = await journal.listListeners(0);
    expect(listening).toMatchObject({ url: listener.url, endedAt: expect.any(Number) });
    const next = await start(user);
    expect(Date.parse(next.lines[0].unheardSince)).toBe(listening?.endedAt);
    await next.end('SIGKILL');
    expect(await journal.isListenedTo()).toBe(false);
  });

  test('a listener responds while nobody reads its output, and then reports the omitted lines', async () => {
    const user = newUser();
    const listener = await start(user);
    const { stdout } = listener.child;
    stdout?.pause();
    const event = signer.event();
    const repeat = (deliveryId: string) => requestOf({ ...event, deliveryId }, true);
    const load = await Load.open(listener.url, 8);
    const requests = Array.from({ length: 4_000 }, () => repeat(crypto.randomUUID()));
    expect((await load.peak(requests)).answered).toBe(4_000);
    load.close();
    stdout?.resume();
    await listener.end();
    const unshown = listener.ofType('unshown').reduce((sum, { count }) => sum + count, 0);
    expect(unshown).toBeGreaterThan(0);
    expect(listener.ofType('event').length + unshown).toBe(4_000);
    expect(listener.lines.at(-1)).toMatchObject({ type: 'end', kept: 4_000 });
  });

  test('a listener that is terminated completes the webhooks that it accepted', async () => {
    const user = newUser();
    const listener = await start(user);
    const events = Array.from({ length: 64 }, () => signer.event());
    const answers = events.map((event) => deliver(listener.url, event));
    await Promise.race(answers);
    expect(await listener.end()).toBe(0);
    const statuses = await Promise.all(answers);
    const kept = new Set<string | null>(
      (await journalOf(user).listEvents({})).map(({ cardToken }) => cardToken),
    );
    const answered = events.filter((_, index) => statuses[index] === 200);
    expect(answered.length).toBeGreaterThan(0);
    expect(answered.filter(({ cardToken }) => !kept.has(cardToken))).toEqual([]);
    expect(statuses.filter((status) => status !== 200 && status !== 0)).toEqual([]);
  });

  test('a listener in production needs no confirmation, and uses the published key', async () => {
    const user = newUser({ KIOSKCTL_ENVIRONMENT: 'production' });
    const listener = await ListenerProcess.start(user.env);
    expect(listener.lines[0].key).toMatch(/^the published key of production \(RSA 2048/);
    expect(await deliver(listener.url, signer.event())).toBe(503);
    expect(await listener.end()).toBe(0);
  });
});

test('a listener prints one line per event as text, with time, card, kiosk, status and the meaning of an error', async () => {
  const user = newUser();
  const child = user.start(['bin/run.js', 'listen', '--port', '0', '--public-key', keyFileOf(user)]);
  const end = ended(child);
  let text = '';
  const url = await new Promise<string>((resolve) => {
    child.stdout?.on('data', (chunk) => {
      text += String(chunk);
      const found = /received on (\S+)/.exec(text)?.[1];
      if (found) resolve(found);
    });
  });
  const event = signer.event({ status: 'PRODUCTION_ERROR', error_code: 'PRD_HOPPER_DOOR' });
  expect(await deliver(url, event)).toBe(200);
  expect(await deliver(url, { ...event, signature: 'AAAA' })).toBe(503);
  child.kill('SIGINT');
  const said = await end;
  expect(said.code).toBe(0);
  expectClean(said);
  const words = [
    '\\d\\d:\\d\\d:\\d\\d',
    `1001/${event.cardToken.slice(0, 8)}`,
    'WIS00001',
    'PRD_HOPPER_DOOR',
  ];
  const line = new RegExp(`^.*${words.join('.*')}.*The hopper door is open\\.$`, 'm');
  expect(said.stdout).toMatch(line);
  expect(said.stdout).toMatch(/^1 webhook refused: 503 wrong signature$/m);
  expect(said.stdout).toMatch(/^1 event stored, 0 duplicates, 1 refused$/m);
});

test('a listener with --quiet prints references only', async () => {
  const user = newUser();
  const port = await freePort();
  const args = ['--port', String(port), '--public-key', keyFileOf(user), '--quiet'];
  const child = user.start(['bin/run.js', 'listen', ...args]);
  const end = ended(child);
  const event = signer.event();
  // It says nothing when it is ready: the sender comes again until it is.
  while ((await deliver(`http://127.0.0.1:${port}/webhooks`, event)) !== 200);
  await once(child.stdout!, 'data');
  child.kill('SIGTERM');
  expect(await end).toMatchObject({ code: 0, stdout: `1001/${event.cardToken}\n` });
});

async function freePort(): Promise<number> {
  const listener = await start(newUser());
  await listener.end();
  return Number(new URL(listener.url).port);
}

describe('bad input', () => {
  beforeAll(() => writeFileSync(join(bystander.home, 'no-key.pem'), 'hello'));

  test.each([
    ['--port x', 2, 'usage', /port/],
    ['--port 65536', 2, 'usage', /port/],
    ['--path webhooks', 2, 'usage', /path/],
    ['--path /a?b', 2, 'usage', /path/],
    ['--path //ready/', 2, 'usage', /probes/],
    ['--host a/b', 2, 'usage', /address/],
    ['--host 192.0.2.1 --port 0', 2, 'usage', /EADDRNOTAVAIL/],
    ['--public-key no/such.pem', 2, 'invalid-input', /no such file/],
    ['--public-key .', 2, 'invalid-input', /can't be used|no RSA/],
    ['--public-key no-key.pem --port 0', 2, 'invalid-input', /can't be used|no RSA/],
    ['--filter colour=red', 2, 'usage', /colour=red/],
    ['--filter card=x', 2, 'invalid-reference', /x/],
    ['--forward-to nowhere', 2, 'usage', /--forward-to/],
    ['--forward-to ftp://x/', 2, 'usage', /--forward-to/],
    ['--forward-to http://me:secret@x/', 2, 'usage', /password/],
    ['--catch-up-since yesterday', 2, 'usage', /duration/],
    ['--nonsense', 2, 'usage', /nonsense/],
    ['extra', 2, 'usage', /extra/],
  ])('listen %s', async (args, code, error, message) => {
    const json = await bystander.run(`listen ${args} --json`);
    expectError(json, { code, error, message });
    expect(json.stdout).not.toContain('secret@');
  });

  test('invalid flags of listen are reported as text', async () => {
    expectComplaint(await bystander.run('listen --port x'), { code: 2, message: /port/ });
  });

  test('listen reports a port that is in use', async () => {
    const listener = await start(newUser());
    const { port } = new URL(listener.url);
    expectError(await newUser().run(`listen --port ${port} --json`), {
      code: 2,
      error: 'usage',
      message: /EADDRINUSE/,
      hint: /--port/,
    });
    await listener.end();
  });

  test("listen reports a journal that can't be written", async () => {
    const user = newUser();
    writeFileSync(join(user.home, 'journal.db'), 'not a database, but long enough to look at '.repeat(50));
    expectError(await user.run('listen --port 0 --json'), { code: 9, error: 'journal-unusable' });
  });
});

test('after the ready line, a listener reads missed changes from the API once', async () => {
  const user = new User();
  users.push(user);
  const card = await user.readyCard();
  const sandbox = await ServedSandbox.open(user);
  onTestFinished(() => sandbox.close());
  const [profileId, token] = card.split('/');
  await fetch(`${sandbox.url}/v3/spend/profiles/${profileId}/cards/${token}/production`, {
    method: 'PUT',
    headers: { authorization: 'Bearer any', 'content-type': 'application/json' },
    body: '{"kioskId":"WIS00002"}',
  });
  const first = await ListenerProcess.start(user.env);
  const caughtUp = await first.line('catch-up');
  expect(caughtUp).toMatchObject({ looked: 1, skipped: { cards: 0, profiles: 0 }, failed: 0 });
  expect(caughtUp.missed).toMatchObject([
    { cardToken: token, stage: 'in-progress', production: { kioskId: parseKioskId('WIS00002') } },
  ]);
  await first.end();
  const second = await ListenerProcess.start(user.env);
  expect(await second.line('catch-up')).toMatchObject({ looked: 1, missed: [] });
  await second.end();
});

test('the output of listen can be piped into other commands', async () => {
  const user = new User();
  users.push(user);
  writeFileSync(keyFileOf(user), signer.publicKey);
  const card = await user.readyCard();
  const listener = await start(user, '--catch-up-since', '0');
  const cardToken = card.split('/')[1] ?? '';
  await deliver(listener.url, signer.event({ cardToken, status: 'READY' }));
  await deliver(listener.url, signer.signed(Buffer.from('{"event_type":"x#y","data":{}}')));
  await deliver(listener.url, { ...signer.event(), signature: 'AAAA' });
  await listener.line('refused');
  await listener.end();
  const input = listener.lines.map((line) => JSON.stringify(line)).join('\n');
  const { code, json } = await user.run('status - --json', { input });
  expect(code).toBe(0);
  expect(json.cards).toMatchObject([{ cardToken }]);
});
