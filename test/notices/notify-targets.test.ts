import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NOTICE_KINDS } from '../../src/notices/decide-notices.ts';
import { readNotifyFile } from '../../src/notices/notify-targets.ts';
import { files, makeFolder } from '../harness/command-line.ts';

const URL_TEXT = 'https://hooks.example.com/services/T00000000/B00000000/s3cretwordofthehook';
const GOOD = `targets:
  - name: on-call
    format: slack
    url: ${URL_TEXT}
    kinds: [failed, recovered]
  - {name: board, format: json, url: 'http://127.0.0.1:3000/notices'}
`;

function written(content: string, mode = 0o600): string {
  const file = join(makeFolder(), 'notify.yaml');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

async function read(file: string) {
  const hidden: string[] = [];
  const targets = await readNotifyFile(file, { files, hide: (secret) => void hidden.push(secret) });
  return { targets, hidden };
}

async function problemOf(file: string): Promise<string> {
  const problem = await read(file).catch((error: unknown) => error);
  expect(problem).toMatchObject({ code: 'invalid-input', exitCode: 2 });
  const { message, hint } = problem as { message: string; hint: string };
  return `${message} ${hint}`;
}

test('a notify file has targets with their kinds, and its URLs and their secret parts are hidden', async () => {
  const { targets, hidden } = await read(written(GOOD));
  expect(targets).toEqual([
    { name: 'on-call', format: 'slack', url: new URL(URL_TEXT), kinds: ['failed', 'recovered'] },
    {
      name: 'board',
      format: 'json',
      url: new URL('http://127.0.0.1:3000/notices'),
      kinds: [...NOTICE_KINDS],
    },
  ]);
  for (const secret of [URL_TEXT, 'T00000000', 's3cretwordofthehook', 'http://127.0.0.1:3000/notices'])
    expect(hidden).toContain(secret);
  // They would be removed from the URL of the server itself.
  for (const word of ['services', 'notices', '/notices']) expect(hidden).not.toContain(word);
});

const posix = process.platform !== 'win32';

test.runIf(posix).each([0o640, 0o644, 0o604, 0o660, 0o444])(
  'a notify file with mode %o is refused, with the command that fixes it',
  async (mode) => {
    const file = written(GOOD, mode);
    const problem = await problemOf(file);
    expect(problem).toContain(`other users can read it (mode ${mode.toString(8)})`);
    expect(problem).toContain(`chmod 600 '${file}'`);
  },
);

test.runIf(posix).each([0o600, 0o400])('a notify file with mode %o is read', async (mode) => {
  expect((await read(written(GOOD, mode))).targets).toHaveLength(2);
});

test.runIf(process.getuid?.() === 0)(
  'a notify file of another user is refused without a command, which this user may not run',
  async () => {
    const file = written(GOOD, 0o644);
    chownSync(file, 54_321, 54_321);
    const problem = await problemOf(file);
    expect(problem).toContain('Use a file of this user with mode 600');
    expect(problem).not.toContain('chmod');
  },
);

test.runIf(process.getuid?.() === 0)(
  'a secret that systemd or Kubernetes mounts for a group is read',
  async () => {
    expect((await read(written(GOOD, 0o440))).targets).toHaveLength(2);
  },
);

const target = (fields: string) => `targets:\n  - ${fields}\n`;

test.each([
  ['nothing', '', 'line 1, column 1: it is nothing, not a mapping'],
  [
    'no targets',
    'target: []\n',
    'line 1, column 1: target: there is only targets here: did you mean targets?; line 1',
  ],
  ['no list', 'targets: {}\n', 'line 1, column 10: targets: it is a mapping, not a list'],
  ['an empty list', 'targets: []\n', 'line 1, column 10: targets: it is empty'],
  [
    'an unknown field',
    GOOD.replace('kinds', 'knds'),
    'line 5, column 5: targets.0.knds: there is only name, format, url, kinds here: did you mean kinds',
  ],
  ['no name', target(`{format: json, url: '${URL_TEXT}'}`), 'line 2, column 5: targets.0: it has no name'],
  [
    'a URL as name',
    target(`{name: '${URL_TEXT}', format: json, url: '${URL_TEXT}'}`),
    'targets.0.name: use 1 to 50',
  ],
  [
    'two targets of a name',
    GOOD.replace('board', 'on-call'),
    'line 6, column 12: targets.1.name: “on-call” is the name of another target',
  ],
  [
    'an unknown format',
    GOOD.replace('slack', 'slak'),
    'line 3, column 13: targets.0.format: it is not valid: did you mean slack?',
  ],
  ['another format', GOOD.replace('slack', 'teams'), 'line 3, column 13: targets.0.format: use json, slack'],
  [
    'an unknown kind',
    GOOD.replace('failed,', 'faild,'),
    'line 5, column 13: targets.0.kinds.0: it is not valid: did you mean failed?',
  ],
  ['no kinds', GOOD.replace('[failed, recovered]', '[]'), 'line 5, column 12: targets.0.kinds: it is empty'],
  ['no URL', target('{name: a, format: json}'), 'line 2, column 5: targets.0: it has no url'],
  ['http to another machine', GOOD.replace('https', 'http'), 'line 4, column 10: targets.0.url: use https'],
  [
    'http to a name that only begins with a loopback address',
    GOOD.replace('127.0.0.1', '127.0.0.1.example.com'),
    'targets.1.url: use https',
  ],
  ['a file address', GOOD.replace(URL_TEXT, 'file:///etc/passwd'), 'targets.0.url: it is not a web address'],
  [
    'a key that is there twice',
    `${URL_TEXT}: 1\n${URL_TEXT}: 2\n`,
    'line 2, column 1: “[URL]” is there already, in line 1',
  ],
  ['the URL as key', `targets: []\n${URL_TEXT}: 1\n`, 'line 2, column 1: [URL]: there is only targets here'],
  ['no YAML', `targets:\n  - url: "${URL_TEXT}\n`, 'line'],
  ['an alias of nothing', `targets:\n  - url: *${URL_TEXT}\n`, 'line'],
])('a notify file with %s is refused with the line, and without its secrets', async (_, content, message) => {
  const problem = await problemOf(written(content));
  expect(problem).toContain(message);
  expect(problem).not.toMatch(/s3cret|hooks|services|T0000/);
});
