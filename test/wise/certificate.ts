// Certificates made for the test: X.509 is a few nested DER values.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts);
const objectId = (...bytes: number[]) => der(0x06, Buffer.from(bytes));
const ECDSA_WITH_SHA256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** Basic constraints, critical: it can sign others. */
const IS_CA = der(
  0xa3,
  sequence(
    sequence(
      objectId(0x55, 0x1d, 0x13),
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
  ),
);

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))));
}

export interface Certificate {
  key: string;
  cert: string;
  commonName: string;
  privateKey: KeyObject;
}

export interface CertificateOptions {
  commonName?: string;
  /** The default is self-signed. */
  issuer?: Certificate;
  /** `YYMMDD`. */
  until?: string;
  isCa?: boolean;
}

/** The default is a certificate for localhost that nothing trusts. */
export function makeCertificate(options: CertificateOptions = {}): Certificate {
  const { commonName = 'localhost', issuer, until = '491231', isCa = false } = options;
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const validity = sequence(
    der(0x17, Buffer.from('200101000000Z')),
    der(0x17, Buffer.from(`${until}000000Z`)),
  );
  const tbs = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    nameOf(issuer?.commonName ?? commonName),
    validity,
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(isCa ? [IS_CA] : []),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', tbs, issuer?.privateKey ?? privateKey));
  const certificate = sequence(tbs, ECDSA_WITH_SHA256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
    commonName,
    privateKey,
  };
}
