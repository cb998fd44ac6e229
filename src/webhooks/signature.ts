import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { failure } from '../domain/errors/failure.ts';

/** A public key in PEM, and its source for messages: `the published key of sandbox`, or a file path. */
export interface PublicKey {
  pem: string;
  source: string;
}

/**
 * Maximum length of a signature. The Base64 signature of an RSA-2048 key has 344 characters; no supported key needs
 * more than this.
 */
const LONGEST_SIGNATURE = 4_096;

/**
 * Verifies webhook signatures: Base64 of RSA-SHA256 (PKCS#1 v1.5) over the raw body. The signature contains no time, so
 * it stays valid for stored bodies. Source: Wise's guide on webhook signatures.
 */
export class SignatureVerifier {
  readonly #keys: readonly KeyObject[];
  /** Source, size and fingerprint of the keys, for messages. */
  readonly keyName: string;

  /**
   * @param keys any of them may match, so that keys can be rotated
   * @throws Failure `invalid-input` for text that is not an RSA public key
   */
  constructor(...keys: readonly PublicKey[]) {
    const known = keys.map((key) => ({ ...key, object: readKey(key) }));
    this.#keys = known.map(({ object }) => object);
    this.keyName = known.map(({ source, object }) => `${source} ${describe(object)}`).join(' or ');
  }

  /** True if any of the keys created the signature. */
  isValid(body: Uint8Array, signature: string | null): boolean {
    if (!signature || signature.length > LONGEST_SIGNATURE) return false;
    if (!/^[A-Za-z\d+/]+={0,2}$/.test(signature)) return false;
    const bytes = Buffer.from(signature, 'base64');
    return this.#keys.some((key) => verify('sha256', body, key, bytes));
  }
}

/** Returns the value of the signature header; null if it is missing. Repeated headers with equal values count once. */
export function signatureOf(header = ''): string | null {
  if (!header.includes(',')) return header.trim() || null;
  const values = new Set(header.split(',').map((value) => value.trim()));
  return [...values].join(', ') || null;
}

function describe(key: KeyObject): string {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  const der = key.export({ type: 'spki', format: 'der' });
  return `(RSA ${bits}, SHA-256 ${createHash('sha256').update(der).digest('hex').slice(0, 16)})`;
}

function readKey({ pem, source }: PublicKey): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // Text that is no key at all gets the same message.
  }
  throw failure(
    'invalid-input',
    `There is no RSA public key in ${source}.`,
    'Give a PEM file that begins with -----BEGIN PUBLIC KEY-----.',
  );
}

/** Public keys of Wise for webhooks, by environment. Source: Wise's guide on webhook signatures. */
export const PUBLISHED_KEYS: Readonly<Record<'sandbox' | 'production', string>> = {
  sandbox: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwpb91cEYuyJNQepZAVfP
ZIlPZfNUefH+n6w9SW3fykqKu938cR7WadQv87oF2VuT+fDt7kqeRziTmPSUhqPU
ys/V2Q1rlfJuXbE+Gga37t7zwd0egQ+KyOEHQOpcTwKmtZ81ieGHynAQzsn1We3j
wt760MsCPJ7GMT141ByQM+yW1Bx+4SG3IGjXWyqOWrcXsxAvIXkpUD/jK/L958Cg
nZEgz0BSEh0QxYLITnW1lLokSx/dTianWPFEhMC9BgijempgNXHNfcVirg1lPSyg
z7KqoKUN0oHqWLr2U1A+7kqrl6O2nx3CKs1bj1hToT1+p4kcMoHXA7kA+VBLUpEs
VwIDAQAB
-----END PUBLIC KEY-----`,
  production: `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvO8vXV+JksBzZAY6GhSO
XdoTCfhXaaiZ+qAbtaDBiu2AGkGVpmEygFmWP4Li9m5+Ni85BhVvZOodM9epgW3F
bA5Q1SexvAF1PPjX4JpMstak/QhAgl1qMSqEevL8cmUeTgcMuVWCJmlge9h7B1CS
D4rtlimGZozG39rUBDg6Qt2K+P4wBfLblL0k4C4YUdLnpGYEDIth+i8XsRpFlogx
CAFyH9+knYsDbR43UJ9shtc42Ybd40Afihj8KnYKXzchyQ42aC8aZ/h5hyZ28yVy
Oj3Vos0VdBIs/gAyJ/4yyQFCXYte64I7ssrlbGRaco4nKF3HmaNhxwyKyJafz19e
HwIDAQAB
-----END PUBLIC KEY-----`,
};
