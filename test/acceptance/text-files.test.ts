// Text files and standard input as Windows and old editors write them: a byte order mark and CRLF are read, UTF-16 is
// named. Every file that kioskctl reads goes through one reader.
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate } from '../harness/network.ts';
import { type Ended, expectError, oneDocument, SECRET, User } from '../harness/program.ts';
import { CARD, OwnVendor } from './vendor.ts';

const user = new User();
const folder = mkdtempSync(join(tmpdir(), 'kioskctl-texts-'));
let vendor: OwnVendor;
beforeAll(async () => {
  vendor = await OwnVendor.open();
});
afterAll(() => {
  vendor.close();
  rmSync(folder, { recursive: true });
  user.leave();
});

/** As Notepad writes UTF-8. */
function windows(text: string): Buffer {
  return Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`);
}

/** As PowerShell 5 writes with `>`. */
function utf16(text: string): Buffer {
  return Buffer.from(`\uFEFF${text}`, 'utf16le');
}

let files = 0;
function write(content: Buffer, name = 'file'): string {
  files += 1;
  mkdirSync(join(folder, String(files)));
  const file = join(folder, String(files), name);
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC_KEY = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const { cert, key } = makeCertificate();
const SCENARIO = 'version: 1\nname: mine\ndescription: Mine.\nsteps:\n  - order: {}\n  - wait-ready\n';
const SETTINGS = '{"version": 2,\n"contexts": {"bank": {"environment": "sandbox", "profileId": 7}}}\n';
const ORDER = `cardHolderName: Ada Example
phoneNumber: "+441234567890"
address: {firstLine: 1 High Street, city: London, postCode: E1 6JJ, country: GB}
`;
const DATA = 'cardholder\nAda Example\n';
const RUNBOOK = 'version: 1\nproduction: {}\n';
const VENDOR = { KIOSKCTL_ENVIRONMENT: 'sandbox', KIOSKCTL_PROFILE_ID: '1001' };

/** A reader: the text of its file, and the command that reads the file. */
type Reader = [name: string, text: string, run: (content: Buffer) => Promise<Ended>];

async function kioskctl(words: string[], env: Record<string, string> = {}, input?: Buffer): Promise<Ended> {
  return user.run([...words, '--json'], { env, ...(input && { input }) });
}

async function withToken(words: string[], env: Record<string, string> = {}, input?: Buffer): Promise<Ended> {
  return kioskctl(['programs', '--base-url', vendor.url, ...words], { ...VENDOR, ...env }, input);
}

const READERS: Reader[] = [
  [
    'the settings',
    SETTINGS,
    async (content) => {
      return kioskctl(['context', 'list'], { KIOSKCTL_HOME: join(write(content, 'config.json'), '..') });
    },
  ],
  ['a scenario', SCENARIO, async (content) => kioskctl(['scenario', 'check', write(content, 'a.yaml')])],
  [
    'data',
    DATA,
    async (content) => {
      return kioskctl(['scenario', 'check', 'happy-path', '--data', write(content, 'a.csv')]);
    },
  ],
  ['a runbook', RUNBOOK, async (content) => kioskctl(['runbook', 'check', write(content, 'b.yaml')])],
  ['an order', ORDER, async (content) => kioskctl(['order', '--from', write(content, 'c.yaml')])],
  ['a token file', `${SECRET}\n`, async (content) => withToken(['--token-file', write(content)])],
  ['a token on standard input', `${SECRET}\n`, async (content) => withToken(['--token-stdin'], {}, content)],
  [
    'the file of a secret',
    `${SECRET}\n`,
    async (content) => {
      return withToken([], { KIOSKCTL_TOKEN_FILE: write(content) });
    },
  ],
  [
    'card references on standard input',
    `${CARD}\n`,
    async (content) => {
      return kioskctl(
        ['status', '-', '--base-url', vendor.url],
        { ...VENDOR, KIOSKCTL_TOKEN: SECRET },
        content,
      );
    },
  ],
];

/** A home with a context for mutual TLS. @param content makes the files of the certificate */
function homeWith(content: (text: string) => Buffer): string {
  const certificate = { certFile: write(content(cert)), keyFile: write(content(key)) };
  const bank = { environment: 'sandbox', certificate };
  return join(write(Buffer.from(JSON.stringify({ version: 2, contexts: { bank } })), 'config.json'), '..');
}

function checkOf({ json }: Ended) {
  return json.checks.find((check: { name: string }) => check.name === 'certificate');
}

async function importing(content: Buffer): Promise<Ended> {
  return kioskctl(['events', 'import', write(content, 'e.ndjson')]);
}

describe.concurrent('one reader', () => {
  test.each(READERS)('%s may have a byte order mark and CRLF', async (_, text, run) => {
    const ended = await run(windows(text));
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    oneDocument(ended);
  });

  test.each(READERS)('UTF-16 in %s is reported', async (_, text, run) => {
    const ended = await run(utf16(text));
    expect(ended.code, ended.stdout).toBe(2);
    expect(oneDocument(ended).error.message).toMatch(/UTF-16/);
  });

  test('keys may have a byte order mark and CRLF, and UTF-16 in them is reported', async () => {
    const body = write(Buffer.from('{}'));
    const verify = async (content: Buffer) =>
      kioskctl(['events', 'verify', body, '--signature', 'AAAA', '--public-key', write(content, 'key.pem')]);
    expectError(await verify(windows(PUBLIC_KEY)), { code: 10, error: 'signature-invalid' });
    expectError(await verify(utf16(PUBLIC_KEY)), { code: 2, error: 'invalid-input', message: /UTF-16/ });
  });

  test('certificates may have a byte order mark and CRLF, and UTF-16 in them is reported', async () => {
    const words = ['doctor', '--offline', '--context', 'bank'];
    const good = await kioskctl(words, { KIOSKCTL_HOME: homeWith(windows) });
    expect(checkOf(good).status, JSON.stringify(checkOf(good))).not.toBe('failed');
    const bad = await kioskctl(words, { KIOSKCTL_HOME: homeWith(utf16) });
    expect(checkOf(bad)).toMatchObject({ status: 'failed', message: expect.stringMatching(/UTF-16/) });
  });

  test('lines of events may have a byte order mark and CRLF, and UTF-16 in them is reported', async () => {
    const lines = '{"a": 1}\n{"b": 2}\n';
    const [plain, marked] = [await importing(Buffer.from(lines)), await importing(windows(lines))];
    expect(marked.json).toEqual(plain.json);
    expectError(await importing(utf16('{}\n')), { code: 2, error: 'invalid-input', message: /UTF-16/ });
  });
});

describe.concurrent('context add', () => {
  test('context add keeps the contexts of a settings file with a byte order mark', async () => {
    const file = write(windows(SETTINGS), 'config.json');
    const env = { KIOSKCTL_HOME: join(file, '..') };
    const ended = await kioskctl(['context', 'add', 'lab', '--environment', 'local'], env);
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0 });
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).contexts)).toEqual(['bank', 'lab']);
  });

  test.each<[string, Buffer]>([
    ['UTF-16', utf16(SETTINGS)],
    ['no JSON', Buffer.from('{"version": 2,')],
  ])('refuses a file that is %s, which stays as it is', async (_, content) => {
    const file = write(content, 'config.json');
    const env = { KIOSKCTL_HOME: join(file, '..') };
    const ended = await kioskctl(['context', 'add', 'lab', '--environment', 'local'], env);
    expectError(ended, { code: 2, error: 'settings-unusable', hint: /Correct it/ });
    expect(readFileSync(file)).toEqual(content);
  });
});

describe.concurrent('the file of a secret', () => {
  test('the file of a secret may end with any number of line breaks', async () => {
    const ended = await withToken([], { KIOSKCTL_TOKEN_FILE: write(Buffer.from(`${SECRET}\r\n\n`)) });
    expect(oneDocument(ended)).toMatchObject({ exitCode: 0 });
    expect(vendor.received.map(({ headers }) => headers.authorization)).toContain(`Bearer ${SECRET}`);
  });

  test('the file of a secret and the variable of the same secret are contradictory', async () => {
    const env = { KIOSKCTL_TOKEN_FILE: write(Buffer.from('other-4711')), KIOSKCTL_TOKEN: SECRET };
    expectError(await withToken([], env), { code: 2, error: 'usage', message: /both set/ });
  });

  test.each<[string, string, RegExp]>([
    ['is not there', join(folder, 'nothing'), /KIOSKCTL_TOKEN_FILE.*no such file/],
    ['has no name', '', /KIOSKCTL_TOKEN_FILE is empty/],
    ['is a folder', folder, /it is a folder/],
  ])('that %s is an error of credentials, and never means the embedded sandbox', async (_, file, message) => {
    const env = { KIOSKCTL_TOKEN_FILE: file };
    expectError(await withToken([], env), { code: 3, error: 'credentials-missing', message });
    expectError(await kioskctl(['orders'], env), {
      code: 2,
      error: 'environment-not-chosen',
      message: /TOKEN_FILE/,
    });
    expect(oneDocument(await kioskctl(['orders', '--context', 'local'], env))).toMatchObject({ exitCode: 0 });
  });

  test.each<[string, string]>([
    ['KIOSKCTL_CLIENT_ID', 'webhooks list'],
    ['KIOSKCTL_CLIENT_SECRET', 'webhooks list'],
    ['KIOSKCTL_REFRESH_TOKEN', 'programs'],
  ])('of %s is read by the command that needs it', async (name, args) => {
    const all = { KIOSKCTL_CLIENT_ID: 'my-bank', KIOSKCTL_CLIENT_SECRET: SECRET, ...VENDOR };
    const { [name as keyof typeof all]: _, ...env } = all;
    const missing = { ...env, [`${name}_FILE`]: join(folder, 'nothing') };
    const ended = await kioskctl([...args.split(' '), '--base-url', vendor.url], missing);
    expectError(ended, {
      code: 3,
      error: 'credentials-missing',
      message: RegExp(`${name}_FILE.*no such file`),
    });
  });
});
