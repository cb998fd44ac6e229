import { describe, expect, test } from 'vitest';
import { verifyEvent } from '../../src/events/verify-event.ts';
import { PUBLISHED_KEYS, SignatureVerifier } from '../../src/webhooks/signature.ts';
import { productionBody } from '../harness/events.ts';
import { SIGNER } from '../harness/world.ts';

const body = productionBody('PRODUCED');
const signature = SIGNER.sign(body);
const verifier = new SignatureVerifier({ pem: SIGNER.publicKey, source: 'the key of the test' });
const verify = (bytes: string | Buffer, given = signature, key = verifier) =>
  verifyEvent(Buffer.from(bytes), { signature: given, verifier: key });

test('a valid signature is reported with its key and the number of bytes', () => {
  expect(verify(body)).toEqual({
    valid: true,
    key: expect.stringMatching(/^the key of the test \(RSA 2048, SHA-256 [\da-f]{16}\)$/),
    bytes: body.length,
    exitCode: 0,
  });
});

describe('an invalid signature is reported with the key, the number of bytes and a likely cause:', () => {
  const published = new SignatureVerifier({
    pem: PUBLISHED_KEYS.sandbox,
    source: 'the published key of sandbox',
  });
  const tidied = JSON.stringify(JSON.parse(body), null, 2);
  test.each<[string, ReturnType<typeof verify>, RegExp]>([
    ['with another key', verify(body, signature, published), /key is of the environment/],
    ['on parsed JSON', verify(tidied), /raw body/],
    ['on a file with a newline', verify(`${body}\n`), /without the newline/],
    ['on a file with a carriage return', verify(`${body}\r\n`), /without the newline/],
    ['that is cut', verify(body, signature.slice(0, -8)), /raw body/],
    ['that is no Base64', verify(body, 'sha256=0af3'), /not Base64/],
    ['of nothing', verify(''), /raw body/],
  ])('an invalid signature is reported with a likely cause: %s', (_, found, hint) => {
    expect(found).toMatchObject({ valid: false, exitCode: 10, error: { code: 'signature-invalid' } });
    expect(found.error?.message).toContain(found.key);
    expect(found.error?.message).toContain(`${found.bytes} bytes`);
    expect(found.error?.hint).toMatch(hint);
  });
});
