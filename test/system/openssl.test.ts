// Webhooks are signed and verified as others do it.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { EventSigner, productionBody } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { findProgram, testUnless } from '../harness/suite/machine.ts';

const user = new User();
afterAll(() => user.leave());

const testWithOpenssl = testUnless(findProgram('openssl') ? null : 'openssl is not installed');
const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: user.home });

function file(name: string, content: string | Buffer): string {
  const path = join(user.home, name);
  writeFileSync(path, content);
  return path;
}

testWithOpenssl(
  'a webhook that openssl signed is verified with the public key that openssl wrote',
  async () => {
    const body = file('body.json', productionBody('PRODUCED'));
    openssl('genrsa', '-out', 'private.pem', '2048');
    openssl('rsa', '-in', 'private.pem', '-pubout', '-out', 'public.pem');
    const signature = openssl('dgst', '-sha256', '-sign', 'private.pem', body).toString('base64');
    const verify = ['events', 'verify', body, '--public-key', join(user.home, 'public.pem'), '--signature'];
    expect(await user.run([...verify, signature])).toMatchObject({ code: 0 });
    expect(
      await user.run([...verify, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))]),
    ).toMatchObject({
      code: 10,
    });
  },
);

testWithOpenssl('a webhook as the tests sign it is verified by openssl', () => {
  const signer = new EventSigner();
  const body = productionBody('PRODUCED');
  file('key.pem', signer.publicKey);
  const signature = file('signature', Buffer.from(signer.sign(body), 'base64'));
  const verified = openssl(
    'dgst',
    '-sha256',
    '-verify',
    'key.pem',
    '-signature',
    signature,
    file('signed.json', body),
  );
  expect(verified.toString()).toBe('Verified OK\n');
});
