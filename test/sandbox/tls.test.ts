import https from 'node:https';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { makeFolder } from '../harness/command-line.ts';
import { makeCertificate } from '../harness/network.ts';

function serve(tls: { key: string; cert: string }): Sandbox {
  const stateFile = join(makeFolder(), 'sandbox.db');
  return new Sandbox({
    stateFile,
    speed: 1,
    tls: { key: Buffer.from(tls.key), cert: Buffer.from(tls.cert) },
  });
}

test('the sandbox serves https with a certificate', async () => {
  const pair = makeCertificate();
  const sandbox = serve(pair);
  onTestFinished(() => sandbox.close());
  const url = await sandbox.listen({ host: 'localhost', port: 0 });
  expect(url).toMatch(/^https:\/\/localhost:\d+$/);
  const status = await new Promise((resolve, reject) => {
    https
      .get(`${url}/v3/spend/profiles/1001/cards`, { ca: pair.cert }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject);
  });
  expect(status).toBe(401);
});

test('the key of another certificate, or text that is not a key, is refused', () => {
  const [one, other] = [makeCertificate(), makeCertificate()];
  for (const tls of [
    { cert: one.cert, key: other.key },
    { cert: 'nothing', key: one.key },
  ])
    expect(() => serve(tls)).toThrow(expect.objectContaining({ code: 'invalid-input', exitCode: 2 }));
});
