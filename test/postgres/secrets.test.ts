// A server that repeats the password wherever it can: none of it is in the output, in a file or among the words of a process.
import { once } from 'node:events';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { User } from '../harness/program.ts';

/** Its parts are found, too. */
const MARK = 'c4nary-mark';
const PASSWORD = `${MARK}-password+/${MARK}==`;
const TRACES = [MARK, Buffer.from(PASSWORD).toString('base64').slice(0, 12)];

function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(type), length, body]);
}

/** An error with a text in all its fields. */
function errorOf(state: string, text: string): Buffer {
  const fields = ['M', 'D', 'H', 'W', 's', 't', 'c', 'd', 'n', 'F', 'R', 'q'].map(
    (name) => `${name}${text}\0`,
  );
  return message('E', Buffer.from(`SFATAL\0VFATAL\0C${state}\0${fields.join('')}\0`));
}

/** Opens a server that asks for the password and refuses it. @returns its port */
async function openEchoingServer(state: string): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let isStarted = false;
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      if (!isStarted) socket.write(message('R', Buffer.from([0, 0, 0, 3])));
      else {
        const text = `password ${bytes.subarray(5, -1).toString()} of user is wrong`;
        socket.write(message('S', Buffer.from(`application_name\0${text}\0`)));
        socket.end(errorOf(state, text));
      }
      isStarted = true;
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function newUser(journal: string, password: Record<string, string>): User {
  const user = new User({
    KIOSKCTL_ENVIRONMENT: 'sandbox',
    KIOSKCTL_TOKEN: 'T0KEN-0123456789abcdef',
    KIOSKCTL_PROFILE_ID: '1001',
    KIOSKCTL_BASE_URL: 'http://127.0.0.1:9',
    KIOSKCTL_JOURNAL: journal,
    ...password,
  });
  onTestFinished(() => user.leave());
  return user;
}

function textsOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => lstatSync(file).isFile())
    .map((file) => readFileSync(file, 'latin1'));
}

const COMMANDS = [
  'log',
  'kiosk list',
  'status 1001/501 --timeout 0',
  'produce 1001/501 --kiosk WIS00001 --yes',
  'journal show',
  'journal create',
  'journal restored --yes --reason x',
  'doctor',
];

async function expectNoTraces(user: User): Promise<void> {
  for (const command of COMMANDS)
    for (const flag of ['--json', '--debug']) {
      const { code, stdout, stderr } = await user.run(`${command} ${flag}`);
      expect(code, `${command}: ${stdout}${stderr}`).not.toBe(0);
      for (const trace of TRACES) expect(`${stdout}${stderr}`, command).not.toContain(trace);
    }
  for (const text of textsOf(user.home)) for (const trace of TRACES) expect(text).not.toContain(trace);
}

test.each(['28P01', '53300', '0A000', 'ZZ999'])(
  'a server that repeats the password in an error with SQLSTATE %s puts it nowhere',
  async (state) => {
    const port = await openEchoingServer(state);
    const url = `postgres://ada@127.0.0.1:${port}/kioskctl`;
    await expectNoTraces(newUser(url, { KIOSKCTL_JOURNAL_PASSWORD: PASSWORD }));
  },
);

test('a password in the URL of a journal is refused, and put nowhere', async () => {
  const url = `postgres://ada:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/kioskctl`;
  const user = newUser(url, {});
  await expectNoTraces(user);
  expect((await user.run('log')).code).toBe(2);
});

test('a server that cannot be reached does not show the password', async () => {
  const user = newUser('postgres://ada@127.0.0.1:1/kioskctl', { PGPASSWORD: PASSWORD });
  await expectNoTraces(user);
  expect((await user.run('log')).code).toBe(9);
});
