// kioskctl notify test: it shows if a target accepts notices, and never shows its URL.
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectError, User } from '../harness/program.ts';
import { schemaErrors } from '../harness/schemas.ts';
import { Vendor } from '../harness/server.ts';

const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
afterAll(() => user.leave());

const PATH = '/services/T0/s3cr3t-hook';

function notifyFile(url: string, mode = 0o600): string {
  const file = join(user.home, `notify-${mode}.yaml`);
  const target = (format: string) => `  - {name: ${format}, format: ${format}, url: '${url}${PATH}'}\n`;
  writeFileSync(file, `targets:\n${target('json')}${target('slack')}`);
  chmodSync(file, mode);
  return file;
}

test('notify test sends a test notice in the format of the target', async () => {
  const target = await Vendor.open((response) => void response.end('ok'));
  const file = notifyFile(target.url);
  const [json, slack] = ['json', 'slack'].map((name) => `notify test ${name} --notify-file ${file} --debug`);
  const text = await user.run(json ?? '');
  expect([text.code, text.stdout]).toEqual([0, '✓ Target json accepted a test notice (200).\n']);
  const { code, stdout, json: document } = await user.run(`${slack} --json`);
  expect([code, document]).toMatchObject([0, { target: 'slack', format: 'slack', httpStatus: 200 }]);
  expect(`${text.stderr}${stdout}`).not.toContain('s3cr3t');
  const [first, second] = target.asked.map(({ body }) => JSON.parse(body));
  expect(schemaErrors(first, 'notice.json')).toEqual([]);
  expect(first).toMatchObject({
    kind: 'test',
    environment: 'sandbox',
    text: expect.stringContaining('[sandbox]'),
  });
  expect(second).toMatchObject({ text: '[sandbox] Test notice: this target receives notices' });
  expect(target.asked[0]).toMatchObject({ method: 'POST', path: PATH });
});

test.each([
  [10, 'rejected', (url: string) => url, 'Target json answered 404'],
  [7, 'unreachable', () => 'http://127.0.0.1:1', "Target json can't be reached"],
])(
  'notify test ends with %i if the target does not accept the notice (%s)',
  async (code, error, urlOf, message) => {
    const target = await Vendor.open((response) => void response.writeHead(404).end());
    const end = await user.run(
      `notify test json --notify-file ${notifyFile(urlOf(target.url))} --json --debug`,
    );
    expectError(end, { code, error, message: new RegExp(message) });
    expect(`${end.stdout}${end.stderr}`).not.toContain('s3cr3t');
  },
);

test('notify test refuses unknown targets and files that others can read', async () => {
  const file = notifyFile('http://127.0.0.1:1');
  expectError(await user.run(`notify test slck --notify-file ${file} --json`), {
    code: 2,
    error: 'usage',
    message: /no target “slck”/,
  });
  if (process.platform === 'win32') return;
  expectError(
    await user.run(`notify test json --notify-file ${notifyFile('http://127.0.0.1:1', 0o644)} --json`),
    {
      code: 2,
      error: 'invalid-input',
      message: /other users can read it \(mode 644\)/,
    },
  );
});
