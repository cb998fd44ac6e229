import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Database } from '../../../database/sqlite.ts';

/** As long as the vendor's. */
const MODULUS_BITS = 2_048;

/** The key that signs the webhooks of a state file; made when it is first needed. */
export function signingKeyOf(db: Database): KeyObject {
  return createPrivateKey(findKey(db) ?? makeKey(db));
}

/** The other half of it, in PEM. */
export function publicKeyOf(db: Database): string {
  return createPublicKey(signingKeyOf(db)).export({ type: 'spki', format: 'pem' }).toString();
}

/** Of several processes that make one at once, the first makes it for all. */
function makeKey(db: Database): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  db.run('INSERT INTO signing_key (id, private_key) VALUES (1, :pem) ON CONFLICT DO NOTHING', { pem });
  return findKey(db) ?? pem;
}

function findKey(db: Database): string | undefined {
  return db.get<{ pem: string }>('SELECT private_key AS pem FROM signing_key')?.pem;
}
