// Subscriptions from the command line, and the events that the embedded sandbox delivers to them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { expectClean, expectComplaint, expectError, oneDocument, SECRET, User } from '../harness/program.ts';
import { ListenerProcess, ServedSandbox } from '../harness/served.ts';
import { Receiver } from '../harness/server.ts';

const ID = '72195556-e5cb-495e-a010-b37a4f2a3043';
const URL_OF_BANK = 'https://hooks.bank.example/kiosk';
const PRODUCTION = 'cards#card-production-status-change';
const ORDER = 'cards#card-order-status-change';

describe('in local', () => {
  let user: User;
  beforeAll(() => {
    user = new User();
  });
  afterAll(() => user.leave());

  test('subscriptions are created once, listed and deleted', async () => {
    const created = await user.run(['webhooks', 'create', '--url', URL_OF_BANK, '--name', 'mine', '--json']);
    const document = oneDocument(created);
    expect(document).toMatchObject({ command: 'webhooks create', environment: 'local', changed: true });
    expect(document.subscriptions).toMatchObject([
      { eventType: PRODUCTION, url: URL_OF_BANK, name: 'mine', version: '4.0.0', mtls: false },
      { eventType: ORDER, url: URL_OF_BANK, name: 'mine', version: '4.0.0', mtls: false },
    ]);
    const again = await user.run(['webhooks', 'create', '--url', URL_OF_BANK, '--json']);
    expect(oneDocument(again)).toMatchObject({ changed: false, subscriptions: document.subscriptions });

    expect(oneDocument(await user.run('webhooks list --json')).subscriptions).toEqual(document.subscriptions);
    const ids = document.subscriptions.map(({ id }: { id: string }) => id);
    expect((await user.run('webhooks list --quiet')).stdout).toBe(`${ids.join('\n')}\n`);
    const table = await user.run('webhooks list');
    expect(table.stdout).toMatch(/^SUBSCRIPTION\tEVENTS\tVERSION\tURL\tNAME\n/);
    for (const text of [...ids, PRODUCTION, ORDER, URL_OF_BANK, 'mine']) expect(table.stdout).toContain(text);

    const deleted = oneDocument(await user.run(`webhooks delete ${ids[0]} --json`));
    expect(deleted).toMatchObject({ subscriptionId: ids[0], deleted: true });
    expect((await user.run(`webhooks delete ${ids[1]} --quiet`)).stdout).toBe(`${ids[1]}\n`);
    expectError(await user.run(`webhooks delete ${ids[1]} --json`), {
      code: 10,
      error: 'not-found',
      message: /subscription/,
      hint: /webhooks list/,
    });
    expect(oneDocument(await user.run('webhooks list --json')).subscriptions).toEqual([]);
    expect((await user.run('webhooks list')).stdout).toContain('webhooks create');
  });

  test('a served sandbox delivers what other commands do, signed, and test notifications', async () => {
    const receiver = await Receiver.open();
    const sandbox = await ServedSandbox.start(user);
    try {
      const create = ['webhooks', 'create', '--url', receiver.url, '--quiet'];
      const [production = ''] = (await user.run(create)).stdout.split('\n');
      const card = await user.readyCard();
      await user.run(['produce', card, '--kiosk', 'WIS00001', '--simulate', 'PRODUCED']);
      const arrived = await receiver.gotDistinct(6);
      expect(receiver.statuses(arrived).toSorted()).toEqual([
        'CARD_DETAILS_CREATED',
        'IN_PROGRESS',
        'PRODUCED',
        'PRODUCED',
        'READY',
        'REQUIREMENTS_FULFILLED',
      ]);
      const { deliveryIds } = oneDocument(await user.run(`webhooks test ${production} --json`));
      const sent = (await receiver.gotDistinct(7)).find(
        ({ headers }) => headers['x-test-notification'] === 'true',
      );
      expect([sent?.headers['x-delivery-id']]).toEqual(deliveryIds);

      const key = await (await fetch(`${sandbox.url}/_sandbox/public-key`)).text();
      const verifier = new SignatureVerifier({ pem: key, source: 'the sandbox' });
      for (const { bytes, headers } of receiver.arrived)
        expect(verifier.isValid(bytes, String(headers['x-signature-sha256']))).toBe(true);
    } finally {
      await sandbox.close();
    }
  });

  test('sandbox advance makes a repetition due, in the process that serves', async () => {
    const receiver = await Receiver.open((_, turn) => (turn === 0 ? 503 : 200));
    const sandbox = await ServedSandbox.start(user);
    try {
      const created = await user.run(['webhooks', 'create', '--url', receiver.url, '--quiet']);
      const [id = ''] = created.stdout.split('\n');
      await user.run(`webhooks test ${id}`);
      await receiver.got(1);
      await user.run('sandbox advance 2m');
      const [first, second] = await receiver.got(2);
      expect(second?.headers['x-delivery-id']).toBe(first?.headers['x-delivery-id']);
      expect(second?.bytes.equals(first?.bytes ?? Buffer.alloc(0))).toBe(true);
    } finally {
      await sandbox.close();
    }
  });

  test('two processes that serve the same sandbox deliver each event once', async () => {
    const receiver = await Receiver.open();
    const own = new User();
    const [one, two] = [await ServedSandbox.start(own), await ServedSandbox.start(own)];
    try {
      await own.run(['webhooks', 'create', '--url', receiver.url]);
      await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? one : two).order()));
      await receiver.got(60);
      const response = await fetch(`${one.url}/_sandbox/deliveries`);
      const { deliveries } = (await response.json()) as { deliveries: { attempts: number }[] };
      expect(deliveries.map(({ attempts }) => attempts)).toEqual(Array.from({ length: 60 }, () => 1));
      expect(new Set(receiver.arrived.map(({ headers }) => headers['x-delivery-id'])).size).toBe(60);
    } finally {
      await Promise.all([one.close(), two.close()]);
      own.leave();
    }
  });

  test('a delivery that is not answered does not keep the sandbox from its end', async () => {
    const receiver = await Receiver.open(() => 'never');
    const own = new User();
    try {
      const created = await own.run(['webhooks', 'create', '--url', receiver.url, '--quiet']);
      const [id = ''] = created.stdout.split('\n');
      const sandbox = await ServedSandbox.start(own);
      await own.run(`webhooks test ${id}`);
      await receiver.got(1);
      await sandbox.close();
      // It was given back, which it would not be after its five seconds.
      const db = new DatabaseSync(join(own.home, 'sandbox.db'));
      const deliveries = db.prepare('SELECT attempts, claimed_until, status FROM deliveries').all();
      db.close();
      expect(deliveries).toMatchObject([{ attempts: 0, claimed_until: 0, status: null }]);
    } finally {
      own.leave();
    }
  });
});

test('a subscription can be created once the listener answers its test notification, as at Wise', async () => {
  const user = new User();
  const sandbox = await ServedSandbox.start(user);
  const key = join(user.home, 'key.pem');
  writeFileSync(key, await (await fetch(`${sandbox.url}/_sandbox/public-key`)).text());
  const create = async (url: string) =>
    user.run(['webhooks', 'create', '--url', url, '--base-url', sandbox.url, '--context', 'local', '--json']);
  try {
    const options = ['--base-url', sandbox.url, '--context', 'local', '--public-key', key];
    const listener = await ListenerProcess.start(user.env, ...options);
    onTestFinished(() => void listener.child.kill('SIGKILL'));
    const early = await create(listener.url.replace('/webhooks', '/wrong'));
    expectError(early, {
      code: 10,
      error: 'rejected',
      message: /test notification to http:.*not 2xx within 5 seconds/,
      hint: /kioskctl listen.*gateway/,
    });
    expect(early.json.error.details).toMatchObject({ httpStatus: 422, errorCode: 'INVALID_CALLBACK_URL' });
    const document = oneDocument(await create(listener.url));
    expect(document.subscriptions).toMatchObject([{ url: listener.url }, { url: listener.url }]);
    expect(await listener.line('event', (line) => line.test)).toMatchObject({ profileId: 0 });
    expect(await listener.end()).toBe(0);
    expect(listener.stderr).toMatch(/came to the path \/wrong, not \/webhooks/);
  } finally {
    await sandbox.close();
    user.leave();
  }
});

describe.concurrent('what cannot be done', () => {
  const bad: [args: string, error: string, message: RegExp][] = [
    ['create', 'usage', /url/],
    ['create --url', 'usage', /url/],
    ['create --url nonsense', 'usage', /whole URL/],
    ['create --url http://bank.example/', 'usage', /https/],
    ['create --url https://bank.example:8443/', 'usage', /443/],
    ['create --url https://203.0.113.7/', 'usage', /domain name/],
    ['create --url https://bank.example/?a=1', 'usage', /query/],
    [`create --url https://me:${SECRET}@bank.example/`, 'usage', /password/],
    ['create --url https://bank.example/ --schema-version 3.0.0', 'usage', /schema-version/],
    ['create --url https://bank.example/ extra', 'usage', /extra/],
    ['delete', 'usage', /ID/],
    ['delete 1001', 'invalid-reference', /subscription/],
    ['delete ../..', 'invalid-reference', /subscription/],
    ['test', 'usage', /ID/],
    ['test \u001b[2J', 'invalid-reference', /subscription/],
    [`test ${ID} ${ID}`, 'usage', /Unexpected/],
    ['list --all', 'usage', /--all/],
    ['lst', 'unknown-command', /webhooks lst/],
  ];

  test.each(bad)('webhooks %s: %s', async (args, error, message) => {
    const user = new User();
    try {
      const words = ['webhooks', ...args.split(' ').filter(Boolean)];
      expectError(await user.run([...words, '--json']), { code: 2, error, message });
      expectComplaint(await user.run(words), { code: 2, message });
    } finally {
      user.leave();
    }
  });
});

describe('with a real API', () => {
  let user: User;
  let sandbox: ServedSandbox;
  beforeAll(async () => {
    user = new User();
    // The URL of the bank does not exist.
    sandbox = await ServedSandbox.start(user, ['--no-callback-check']);
    // From now on only tokens that were issued are good.
    await fetch(`${sandbox.url}/_sandbox/token-policy`, { method: 'PUT', body: '{"policy":"listed"}' });
  });
  afterAll(async () => {
    await sandbox.close();
    user.leave();
  });

  const CLIENT = { KIOSKCTL_CLIENT_ID: 'my-bank', KIOSKCTL_CLIENT_SECRET: SECRET };
  const run = async (args: string, env: Record<string, string>, environment = 'sandbox') =>
    user.run(['webhooks', ...args.split(' '), '--environment', environment, '--base-url', sandbox.url], {
      env,
    });
  const asked = async () =>
    (await sandbox.requests('/applications/')).filter(({ path }) => !path.includes('local'));

  test('the application shows its credentials, which nobody sees', async () => {
    const created = await run(`create --url ${URL_OF_BANK} --json --verbose`, CLIENT);
    expect(created.code, created.stdout).toBe(0);
    expectClean(created);
    expect(created.stderr).toContain('POST /oauth/token 200');
    expect(created.stderr).not.toContain(Buffer.from(`my-bank:${SECRET}`).toString('base64'));
    expect(created.json.subscriptions).toHaveLength(2);
    expect((await asked()).at(-1)?.path).toBe('/v3/applications/my-bank/subscriptions');
    const tested = await run(`test ${created.json.subscriptions[0].id} --json`, CLIENT);
    expect(tested.json.deliveryIds).toHaveLength(1);
    const deleted = await run(`delete ${created.json.subscriptions[0].id} --json`, CLIENT);
    expect(deleted.json).toMatchObject({ deleted: true, environment: 'sandbox' });
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['nothing', {}, /KIOSKCTL_CLIENT_ID is not set/],
    ['a user token only', { KIOSKCTL_TOKEN: SECRET }, /KIOSKCTL_CLIENT_ID is not set/],
    ['an id only', { KIOSKCTL_CLIENT_ID: 'my-bank' }, /KIOSKCTL_CLIENT_SECRET is not set/],
    ['an empty secret', { ...CLIENT, KIOSKCTL_CLIENT_SECRET: '' }, /KIOSKCTL_CLIENT_SECRET is empty/],
  ])('with %s: 3, and nothing is asked', async (_, env, message) => {
    const before = (await asked()).length;
    for (const args of ['list', `create --url ${URL_OF_BANK}`, `delete ${ID}`, `test ${ID}`])
      expectError(await run(`${args} --json`, env), { code: 3, error: 'credentials-missing', message });
    expect(await asked()).toHaveLength(before);
  });

  test('refused credentials are 3', async () => {
    await fetch(`${sandbox.url}/_sandbox/faults`, {
      method: 'POST',
      body: JSON.stringify({ kind: 'answer', path: '/oauth/token', status: 401, times: 1 }),
    });
    expectError(await run('list --json', CLIENT), {
      code: 3,
      error: 'credentials-refused',
      message: /client id and secret/,
      hint: /KIOSKCTL_CLIENT_SECRET/,
    });
  });

  test.each([`create --url ${URL_OF_BANK}`, `delete ${ID}`, `test ${ID}`])(
    'in production, %s needs to be confirmed, with a reason',
    async (args) => {
      const before = (await asked()).length;
      expectError(await run(`${args} --yes --json`, CLIENT, 'production'), {
        code: 9,
        error: 'not-confirmed',
      });
      const unexplained = await run(`${args} --confirm production --json`, CLIENT, 'production');
      expectError(unexplained, { code: 2, error: 'input-required', hint: /--reason/ });
      expect(await asked()).toHaveLength(before);
      const done = await run(`${args} --confirm production --reason test --json`, CLIENT, 'production');
      expect(done.code, done.stdout).toBe(args.startsWith('create') ? 0 : 10);
    },
  );

  test('in production, list needs no confirmation, and this machine is no receiver', async () => {
    expect((await run('list --json', CLIENT, 'production')).code).toBe(0);
    const here = 'create --url http://127.0.0.1:8788/ --confirm production --reason test --json';
    expectError(await run(here, CLIENT, 'production'), { code: 2, error: 'usage', message: /https/ });
  });
});
