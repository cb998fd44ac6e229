// The events commands on the built binary: what a person on call and a script do with kept webhooks.
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { on } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { orderBody, productionBody, Signer } from '../harness/events.ts';
import {
  type Ended,
  ended,
  expectClean,
  expectComplaint,
  expectError,
  oneDocument,
  User,
} from '../harness/program.ts';
import { TOKEN } from '../harness/records.ts';
import { Receiver } from '../harness/server.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const ENVIRONMENT = { KIOSKCTL_ENVIRONMENT: 'sandbox' };
const signer = new Signer();
const bodies = [
  productionBody('IN_PROGRESS'),
  productionBody('PRODUCTION_ERROR', { error_code: 'PRD_HOPPER_DOOR' }),
  orderBody('PRODUCED'),
];

const users: User[] = [];
const tails: ChildProcess[] = [];
/** Has three events. Tests that change its journal use another. */
let user: User;
let key: string;

beforeAll(async () => {
  user = newUser();
  key = join(user.home, 'key.pem');
  writeFileSync(key, signer.publicKey);
  await importInto(user, ...bodies.map((body, index) => logged(body, `d-${index + 1}`)));
});
afterAll(() => {
  for (const tail of tails) tail.kill('SIGKILL');
  for (const one of users) one.leave();
});

function newUser(): User {
  const one = new User(ENVIRONMENT);
  users.push(one);
  return one;
}

/** Starts following. The events that it does not show are those before the number that it reports. */
async function startTail(one: User, ...args: string[]) {
  const tail = one.start([BINARY, 'events', 'tail', '--json', ...args]);
  tails.push(tail);
  if (!tail.stderr) throw new Error('no standard error');
  const end = ended(tail);
  const lines = on(createInterface(tail.stderr), 'line', { close: ['close'] });
  for await (const [line] of lines) if (String(line).startsWith('Following the events')) break;
  return { tail, end };
}

/** A line as a gateway logs it. */
function logged(body: string, deliveryId: string): string {
  return JSON.stringify({
    headers: { 'X-Signature-SHA256': signer.sign(body), 'X-Delivery-Id': deliveryId },
    body,
  });
}

function file(name: string, content: string | Buffer): string {
  const path = join(user.home, name);
  writeFileSync(path, content);
  return path;
}

async function verify(path: string, ...more: string[]): Promise<Ended> {
  return user.run(['events', 'verify', path, ...more]);
}

async function importInto(one: User, ...lines: string[]): Promise<Ended> {
  return one.run(['events', 'import', '-', '--public-key', key, '--json'], { input: lines.join('\n') });
}

describe.concurrent('events list', () => {
  test('events list shows one row per event, with the meaning of an error, and the coverage', async () => {
    const { code, stdout, stderr } = await user.run('events list');
    expect(code, stderr).toBe(0);
    expect(stdout.split('\n')).toEqual([
      '#\tRECEIVED\tCARD\tKIOSK\tCHANGE\tMARK',
      expect.stringMatching(
        /^1\t\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d\t1001\/ca0c8154.*\tWIS00001\t.*IN_PROGRESS\t–$/,
      ),
      expect.stringMatching(/^2\t.*PRODUCTION_ERROR: PRD_HOPPER_DOOR\. The hopper door is open\.\t–$/),
      expect.stringMatching(/^3\t.*\t1001\/501\t.*order → PRODUCED\t–$/),
      expect.stringMatching(/^No webhook listener ran yet/),
      '',
    ]);
  });

  test('events list --json prints one document with the events and the coverage', async () => {
    const ended = await user.run('events list --json --since 2h');
    const { events, coverage } = oneDocument(ended);
    expect(events).toHaveLength(3);
    expect(events[1]).toEqual({
      type: 'event',
      id: 2,
      eventType: 'cards#card-production-status-change',
      profileId: 1001,
      cardToken: TOKEN,
      orderId: null,
      kioskId: 'WIS00001',
      status: 'PRODUCTION_ERROR',
      errorCode: 'PRD_HOPPER_DOOR',
      occurredAt: '2026-03-01T11:00:00.120Z',
      sentAt: '2026-03-01T11:00:01.000Z',
      receivedAt: expect.stringMatching(/Z$/),
      test: false,
      verified: true,
    });
    expect(coverage).toMatchObject({ listened: [], gaps: [{ from: coverage.from, to: coverage.to }] });
  });

  test.each([
    ['--card', '501', '3'],
    ['--card', `1001/${TOKEN}`, '1 2'],
    ['--kiosk', 'WIS00001', '1 2'],
    ['--kiosk', 'WIS00002', ''],
    ['--status', 'produced', '3'],
    ['--type', 'order', '3'],
    ['--type', 'cards#card-production-status-change', '1 2'],
    ['--limit', '1', '3'],
    ['--since', '1h', '1 2 3'],
    ['--until', '1h', ''],
    ['--since', '2026-01-01T00:00:00Z', '1 2 3'],
  ])('%s %s', async (flag, value, ids) => {
    const { code, stdout, stderr } = await user.run(['events', 'list', flag, value, '--quiet']);
    expect(code, stderr).toBe(0);
    expect(stdout.split('\n').filter(Boolean).join(' ')).toBe(ids);
  });

  test('events list is empty for another environment', async () => {
    const { json } = await user.run('events list --json --environment production');
    expect(json).toMatchObject({ environment: 'production', events: [], exitCode: 0 });
  });

  test('the output of events list can be piped into commands on cards', async () => {
    const piped = await user.shell('kioskctl events list --json | kioskctl status - --json', {
      env: { KIOSKCTL_TOKEN: 'any-token-at-all', KIOSKCTL_BASE_URL: 'http://127.0.0.1:9' },
    });
    const { cards } = oneDocument(piped);
    expect(cards.map(({ cardToken, orderId }: Record<string, unknown>) => cardToken ?? orderId)).toEqual([
      TOKEN,
      501,
    ]);
  });
});

describe.concurrent('events show', () => {
  test('events show --json contains the original bytes and their signature', async () => {
    const { event } = oneDocument(await user.run('events show 2 --json'));
    expect(event).toMatchObject({
      id: 2,
      deliveryId: 'd-2',
      signature: signer.sign(bodies[1] ?? ''),
      verified: true,
    });
    expect(event.body).toBe(bodies[1]);
    expect(Buffer.from(event.bodyBase64, 'base64').toString()).toBe(bodies[1]);
  });

  test('events show prints the body', async () => {
    const shown = await user.run('events show 3');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toContain(`Body (${bodies[2]?.length} bytes):\n${bodies[2]}\n`);
  });

  test('events show ends with 10 for a missing event', async () => {
    expectError(await user.run('events show 99 --json'), {
      code: 10,
      error: 'not-found',
      hint: /events list/,
    });
    expectComplaint(await user.run('events show 99'), { code: 10, message: /99/ });
  });
});

describe.concurrent('events tail', () => {
  test('events tail prints one document per line for events of other processes, until its limit is reached', async () => {
    const one = newUser();
    const { end } = await startTail(one, '--limit', '2', '--type', 'production');
    await importInto(one, ...bodies.map((body, index) => logged(body, `t-${index}`)));
    const { code, stdout } = await end;
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { schemaVersion: 1, environment: 'sandbox', type: 'event', id: 1, status: 'IN_PROGRESS', exitCode: 0 },
      { schemaVersion: 1, environment: 'sandbox', type: 'event', id: 2, status: 'PRODUCTION_ERROR' },
    ]);
  });

  test('events tail starts after the given event', async () => {
    const { stdout } = await user.run('events tail --after 1 --limit 2 --quiet');
    expect(stdout).toBe('2\n3\n');
    const since = await user.run('events tail --since 1h --timeout 0 --quiet');
    expect([since.code, since.stdout]).toEqual([0, '1\n2\n3\n']);
  });

  test('events tail ends with 75 if too few events arrive within --timeout', async () => {
    const ended = await user.run('events tail --limit 1 --timeout 0 --json');
    expectError(ended, { code: 75, error: 'deadline-passed', hint: /--after 3/ });
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends it', async (signal, exitCode) => {
    const { tail, end } = await startTail(user);
    tail.kill(signal);
    const { code, json } = await end;
    expect([code, json.exitCode]).toEqual([exitCode, exitCode]);
  });

  test('events tail ends without an error at the next event after its reader has closed the pipe', async () => {
    const one = newUser();
    const { tail, end } = await startTail(one);
    tail.stdout?.destroy();
    await importInto(one, logged(bodies[0] ?? '', 'd-1'));
    expect((await end).code).toBe(0);
  });
});

describe.concurrent('events replay', () => {
  test('events replay sends the original bytes, and their signature is valid', async () => {
    const receiver = await Receiver.start();
    const ended = await user.run(['events', 'replay', '3', '1', '--to', receiver.url, '--json']);
    receiver.close();
    expect(oneDocument(ended)).toMatchObject({
      replayed: [
        { id: 3, outcome: 'done', httpStatus: 200, exitCode: 0 },
        { id: 1, outcome: 'done', httpStatus: 200, exitCode: 0 },
      ],
    });
    expect(receiver.arrived.map(({ bytes }) => bytes.toString())).toEqual([bodies[2], bodies[0]]);
    const verifier = new SignatureVerifier({ pem: signer.publicKey, source: 'test' });
    for (const { bytes, headers } of receiver.arrived)
      expect(verifier.isValid(bytes, String(headers['x-signature-sha256']))).toBe(true);
    expect(receiver.arrived[0]?.headers['x-delivery-id']).toBe('d-3');
  });

  test('events replay shows the response of the receiver', async () => {
    const receiver = await Receiver.start((_, turn) => (turn === 0 ? 401 : 200));
    const ended = await user.run(['events', 'replay', '1', '2', '--to', receiver.url]);
    receiver.close();
    expectComplaint(ended, { code: 10, message: /401 to event 1/, hint: /events verify/ });
    expect(ended.stdout).toBe('✗ #1 401\n✓ #2 200\n');
  });

  test('events replay ends with 7 for an unreachable receiver', async () => {
    const receiver = await Receiver.start();
    receiver.close();
    const args = ['events', 'replay', '1', '2', '--to', receiver.url];
    const { code, json } = await user.run([...args, '--json']);
    expect(code).toBe(7);
    expect(json.replayed).toMatchObject([
      {
        outcome: 'failed',
        exitCode: 7,
        error: { code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') },
      },
      { outcome: 'not-started', exitCode: null },
    ]);
    expectComplaint(await user.run(args), { code: 7, message: /ECONNREFUSED/ });
  });

  test('events replay sends nothing if one of the events is missing', async () => {
    const receiver = await Receiver.start();
    const ended = await user.run(['events', 'replay', '1', '99', '--to', receiver.url, '--json']);
    receiver.close();
    expectError(ended, { code: 10, error: 'not-found', message: /99/ });
    expect(receiver.arrived).toEqual([]);
  });
});

describe.concurrent('events export and import', () => {
  test('events export and import transfer every byte into another journal, once', async () => {
    const exported = await user.run('events export');
    expect(exported.code).toBe(0);
    const lines = exported.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatchObject({
      schemaVersion: 1,
      environment: 'sandbox',
      type: 'event',
      deliveryId: 'd-1',
    });
    const json = await user.run('events export --json');
    expect(json.stdout).toBe(exported.stdout);

    const other = newUser();
    const path = file('events.ndjson', exported.stdout);
    const args = ['events', 'import', path, '--public-key', key, '--json'];
    expect(oneDocument(await other.run(args))).toMatchObject({
      lines: 3,
      kept: 3,
      duplicates: 0,
      refused: 0,
    });
    expect(oneDocument(await other.run(args))).toMatchObject({ kept: 0, duplicates: 3, refused: 0 });
    const again = await other.run('events export');
    expect(again.stdout).toBe(exported.stdout);
  });

  test('events export writes only the selected events', async () => {
    const { stdout } = await user.run('events export --card 501');
    expect(JSON.parse(stdout)).toMatchObject({ id: 3, orderId: 501 });
    expect((await user.run('events export --until 1d')).stdout).toBe('');
  });

  test('events export can be piped into events import', async () => {
    const other = newUser();
    const moved = await user.shell(
      `kioskctl events export | KIOSKCTL_HOME=${other.home} kioskctl events import - --public-key ${key} --json`,
    );
    expect(oneDocument(moved)).toMatchObject({ kept: 3 });
  });

  test('events import ends with 2 for events of another environment', async () => {
    const path = file('sandbox.ndjson', (await user.run('events export')).stdout);
    const ended = await newUser().run(['events', 'import', path, '--environment', 'production', '--json']);
    expectError(ended, { code: 2, error: 'environment-mismatch', message: /sandbox/ });
  });

  test('events import ends with 10 for signatures of another key, and stores nothing', async () => {
    const other = newUser();
    const path = file('logged.ndjson', logged(bodies[0] ?? '', 'd-1'));
    const ended = await other.run(['events', 'import', path, '--json']);
    expect(ended.code).toBe(10);
    expect(oneDocument(ended)).toMatchObject({
      kept: 0,
      refused: 1,
      refusals: [{ line: 1 }],
      error: { code: 'signature-invalid', message: expect.stringContaining('the published key of sandbox') },
    });
    expectComplaint(await other.run(['events', 'import', path]), { code: 10, message: /1 of 1 lines/ });
    expect((await other.run('events list --quiet')).stdout).toBe('');
  });

  test('events import --unverified stores bare bodies as hints, and a verified event is stored in addition', async () => {
    const other = newUser();
    const path = file('bank.ndjson', `${bodies.join('\n')}\n`);
    const bare = await other.run(['events', 'import', path, '--json']);
    expect(bare.code).toBe(10);
    expect(oneDocument(bare)).toMatchObject({ refused: 3 });
    const hints = await other.run(['events', 'import', path, '--unverified']);
    expect(hints.stdout).toBe('0 stored, 3 stored as hints, 0 already stored, 0 rejected.\n');
    expect((await importInto(other, logged(bodies[0] ?? '', 'd-1'))).json).toMatchObject({ kept: 1 });
    const { json } = await other.run('events list --json');
    expect(json.events.map(({ verified }: { verified: boolean }) => verified)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect((await other.run('events list')).stdout).toContain('\thint, not signed\n');
  });

  test('events import reports invalid lines with their numbers, and stores the others', async () => {
    const other = newUser();
    const ended = await importInto(other, 'nonsense', logged(bodies[0] ?? '', 'd-1'));
    expect(ended.code).toBe(2);
    expect(oneDocument(ended)).toMatchObject({
      kept: 1,
      refused: 1,
      refusals: [{ line: 1, reason: expect.stringContaining('JSON') }],
      error: { code: 'invalid-input' },
    });
  });
});

describe.concurrent('events verify', () => {
  const body = bodies[1] ?? '';
  test('events verify ends with 0 or 10, and reports the key and the number of bytes', async () => {
    const good = await verify(
      file('body.json', body),
      '--signature',
      signer.sign(body),
      '--public-key',
      key,
      '--json',
    );
    expect(good.code).toBe(0);
    const found = oneDocument(good);
    expect(found).toMatchObject({
      valid: true,
      bytes: body.length,
      key: expect.stringContaining('RSA 2048'),
    });
    const bad = await verify(file('other.json', `${body} `), '--signature', signer.sign(body), '--json');
    expect(bad.code).toBe(10);
    expect(oneDocument(bad)).toMatchObject({
      valid: false,
      bytes: body.length + 1,
      key: expect.stringContaining('the published key of sandbox'),
      error: { code: 'signature-invalid' },
    });
  });

  test('events verify reports its result as text', async () => {
    const path = file('line.json', `${body}\n`);
    const args = ['--signature', signer.sign(body), '--public-key', key];
    expectComplaint(await verify(path, ...args), {
      code: 10,
      message: new RegExp(`key\\.pem \\(RSA 2048, SHA-256 .*on ${body.length + 1} bytes`),
      hint: /without the newline/,
    });
    const good = await verify(file('body.json', body), ...args);
    expect(good.stdout).toMatch(/^✓ The signature matches: .*key\.pem/);
  });
});

describe.concurrent('events prune', () => {
  test('events prune deletes with --yes, and prompts otherwise', async () => {
    const other = newUser();
    await importInto(other, ...bodies.map((body, index) => logged(body, `p-${index}`)));
    expect(oneDocument(await other.run('events prune --older-than 90d --json'))).toMatchObject({ pruned: 0 });
    expectError(await other.run('events prune --older-than 0 --json'), {
      code: 2,
      error: 'input-required',
      hint: /--yes/,
    });
    expect((await other.run('events list --quiet')).stdout).toBe('1\n2\n3\n');
    expect(oneDocument(await other.run('events prune --older-than 0 --yes --json'))).toMatchObject({
      pruned: 3,
    });
    const { stdout } = await other.run('events prune --older-than 0 --yes');
    expect(stdout).toMatch(/^Deleted 0 events that arrived before \d{4}-/);
  });

  test('events prune in production needs no confirmation, because it changes nothing at Wise', async () => {
    const ended = await user.run('events prune --older-than 1d --environment production --json');
    expect(oneDocument(ended)).toMatchObject({ environment: 'production', pruned: 0 });
  });
});

describe.concurrent('bad input', () => {
  const missing = '/nowhere/at/all';
  const folder = mkdtempSync(join(tmpdir(), 'kioskctl-keys-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const privateKey = join(folder, 'private.pem');
  beforeAll(() => {
    const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(privateKey, key.export({ type: 'pkcs8', format: 'pem' }));
  });
  test.each<[string[], string, RegExp]>([
    [['events', 'lst'], 'unknown-command', /events lst/],
    [['events', 'list', '--since', 'yesterday'], 'usage', /--since: “yesterday”/],
    [['events', 'list', '--until', '-1h'], 'usage', /--until/],
    [['events', 'list', '--since', '1h', '--until', '2h'], 'usage', /--until/],
    [['events', 'list', '--card', 'nonsense'], 'invalid-reference', /nonsense/],
    [['events', 'list', '--status', ''], 'usage', /--status is empty/],
    [['events', 'list', '--kiosk', ''], 'usage', /--kiosk is empty/],
    [['events', 'list', '--type', ' '], 'usage', /--type is empty/],
    [['events', 'list', '--limit', '0'], 'usage', /“0”/],
    [['events', 'list', '12'], 'usage', /Unexpected/],
    [['events', 'tail', '--after', 'x'], 'usage', /“x”/],
    [['events', 'tail', '--limit', '-1'], 'usage', /-1/],
    [['events', 'tail', '--timeout', '5'], 'usage', /--timeout/],
    [['events', 'tail', '--since', '5'], 'usage', /--since/],
    [['events', 'show'], 'usage', /ID/],
    [['events', 'show', '0'], 'usage', /“0”/],
    [['events', 'show', '#1\u001b[2J'], 'usage', /u001b/],
    [['events', 'show', '9'.repeat(40)], 'usage', /the number of an event/],
    [['events', 'replay', '--to', 'http://127.0.0.1:1/'], 'usage', /ID/],
    [['events', 'replay', '1'], 'usage', /to/],
    [['events', 'replay', '1', 'x', '--to', 'http://127.0.0.1:1/'], 'usage', /“x”/],
    [['events', 'replay', '1', '--to', 'localhost:8788'], 'usage', /--to is not the URL of a receiver/],
    [['events', 'replay', '1', '--to', 'ftp://127.0.0.1/'], 'usage', /--to is not the URL of a receiver/],
    [['events', 'replay', '1', '--to', 'http://me:secret@127.0.0.1/'], 'usage', /password/],
    [['events', 'export', '--since', 'x'], 'usage', /--since/],
    [['events', 'export', '--card', '0'], 'invalid-reference', /0/],
    [['events', 'import'], 'usage', /FILE/],
    [['events', 'import', missing], 'invalid-input', /no such file/],
    [['events', 'import', '/'], 'invalid-input', /folder/],
    [['events', 'import', '/dev/null'], 'invalid-input', /nothing to import/],
    [['events', 'import', '-', '--public-key', missing], 'invalid-input', /no such file/],
    [['events', 'import', '-', '--public-key', '/dev/null'], 'invalid-input', /no RSA public key/],
    [['events', 'import', '-', '--public-key', privateKey], 'invalid-input', /has a private key/],
    [['events', 'import', '-', '--public-key', ''], 'usage', /--public-key is empty/],
    [['events', 'import', '-'], 'invalid-input', /nothing to import/],
    [['events', 'verify', '/dev/null'], 'usage', /signature/],
    [['events', 'verify', '--signature', 'x'], 'usage', /FILE/],
    [['events', 'verify', missing, '--signature', 'x'], 'invalid-input', /no such file/],
    [['events', 'verify', '/dev/zero', '--signature', 'x'], 'invalid-input', /1024 KiB/],
    [['events', 'prune'], 'usage', /older-than/],
    [['events', 'prune', '--older-than', '90'], 'usage', /“90”/],
    [['events', 'prune', '--older-than', '-1d', '--yes'], 'usage', /./],
  ])('%j is 2', async (args, error, message) => {
    expectError(await user.run([...args, '--json']), { code: 2, error, message });
  });

  test('invalid input of the events commands is reported as text', async () => {
    expectComplaint(await user.run('events list --since yesterday'), {
      code: 2,
      message: /yesterday/,
      hint: /2h/,
    });
    const secret = await user.run('events replay 1 --to http://me:hunter2hunter2@127.0.0.1/');
    expect(secret.stdout + secret.stderr).not.toContain('hunter2');
  });
});

describe.concurrent('a journal that cannot be used', () => {
  test.each([
    ['list'],
    ['tail --timeout 0'],
    ['show 1'],
    ['replay 1 --to http://127.0.0.1:1/'],
    ['export'],
    ['prune --older-than 1d --yes'],
  ])('events %s is 9: without it there is nothing to show', async (command) => {
    const other = newUser();
    writeFileSync(join(other.home, 'journal.db'), 'no database, but garbage '.repeat(500));
    const ended = await other.run(`events ${command} --json`);
    expectError(ended, { code: 9, error: 'journal-unusable', message: /journal/ });
  });
});

test('text of Wise never reaches a terminal with its control characters', async () => {
  const other = newUser();
  const evil = productionBody('MELTED\u001b[2J', { kiosk_id: 'W\u202eIS', description: '\u009b31m' });
  await importInto(other, logged(evil, 'evil\u0007'));
  for (const command of [
    'events list',
    'events show 1',
    'events show 1 --json',
    'events export',
    'events list --json',
  ])
    expectClean(await other.run(command));
});

test('the help of every events command starts with examples', async () => {
  const manifest = JSON.parse(readFileSync(join(BINARY, '../../oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, unknown>;
  };
  const ids = Object.keys(manifest.commands).filter((id) => id.startsWith('events:'));
  expect(ids.map((id) => id.slice(7))).toEqual([
    'export',
    'import',
    'list',
    'prune',
    'replay',
    'show',
    'tail',
    'verify',
  ]);
  for (const id of ids) {
    const { code, stdout } = await user.run(`${id.replace(':', ' ')} --help`);
    expect(code).toBe(0);
    expect(stdout.indexOf('EXAMPLES')).toBeLessThan(stdout.indexOf('USAGE'));
    expect(stdout.indexOf('EXAMPLES')).toBeGreaterThan(0);
  }
});
