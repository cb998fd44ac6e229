// The sandbox for test frameworks of other languages: one process, one line, HTTP.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { User } from '../harness/program.ts';

interface Ready {
  type: string;
  url: string;
  token: string;
  publicKey: string;
  profiles: number[];
  kiosks: string[];
}

const user = new User();
afterAll(() => user.leave());

test('the ready line of an in-memory sandbox contains everything a client needs, and SIGTERM ends it with 0', async () => {
  const args = ['sandbox', '--port', '0', '--json', '--state', ':memory:', '--kiosks', '2'];
  const child = user.start([user.binary, ...args]);
  if (!child.stdout) throw new Error('there is no pipe');
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { type, url, token, publicKey, profiles, kiosks } = JSON.parse(String(line)) as Ready;
  expect({ type, profiles, kiosks }).toEqual({
    type: 'ready',
    profiles: [1001, 1002, 1003, 1004],
    kiosks: ['WIS00001', 'WIS00002'],
  });
  const answer = await fetch(`${url}/v3/spend/profiles/${profiles[0]}/card-orders/availability`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  expect(await (await fetch(`${url}/_sandbox/public-key`)).text()).toBe(publicKey);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(existsSync(':memory:')).toBe(false);
});
