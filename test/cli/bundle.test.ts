// The built binary: the libraries that are loaded where they are used are in the bundle in another form than here.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeFolder } from '../harness/command-line.ts';

const BINARY = join(import.meta.dirname, '../../bin/run.js');

async function kioskctl(home: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, KIOSKCTL_HOME: home };
  const { stdout } = await promisify(execFile)(process.execPath, [BINARY, ...args], { env }).catch(
    (error: unknown) => {
      const { stdout: out, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`kioskctl ${args.join(' ')}: ${out}${stderr}`);
    },
  );
  return stdout;
}

test('the bundle reads an order from a file, in YAML and in JSON', async () => {
  const home = makeFolder();
  writeFileSync(
    join(home, 'order.yaml'),
    'cardHolderName: Ada Example\naddress: { firstLine: 1 Road, city: Leeds, postCode: LS1, country: GB }\n',
  );
  writeFileSync(
    join(home, 'order.json'),
    JSON.stringify({
      cardHolderName: 'Ada Example',
      address: { firstLine: '1 Road', city: 'Leeds', postCode: 'LS1', country: 'GB' },
    }),
  );
  for (const name of ['order.yaml', 'order.json']) {
    const document = JSON.parse(
      await kioskctl(home, 'order', '--from', join(home, name), '--dry-run', '--json'),
    ) as Record<string, unknown>;
    expect(document).toMatchObject({
      exitCode: 0,
      request: { cardHolderName: 'Ada Example', address: { city: 'Leeds' } },
    });
  }
});

test('the bundle shows the help of a command', async () => {
  const help = await kioskctl(makeFolder(), 'sandbox', 'advance', '--help');
  expect(help).toContain('kioskctl sandbox advance DURATION [FLAGS]');
  expect(help).not.toContain('<%');
});
