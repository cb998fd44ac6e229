/**
 * The cause of a missing answer, where a user can fix it. `proxy…`: it made no connection to the API.
 * `server-certificate`: not trusted here. `client-certificate`: ours was rejected; `…-perhaps` where the other side
 * closed the connection without a reason, as some servers do then.
 */
export type Fault =
  | 'proxy'
  | 'proxy-credentials'
  | 'server-certificate'
  | 'client-certificate'
  | 'client-certificate-perhaps';

const FAULTS: Readonly<Record<string, Fault>> = {
  PROXY_REFUSED: 'proxy',
  PROXY_UNREACHABLE: 'proxy',
  PROXY_CREDENTIALS: 'proxy-credentials',
  CERT_HAS_EXPIRED: 'server-certificate',
  CERT_NOT_YET_VALID: 'server-certificate',
  CERT_REVOKED: 'server-certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'server-certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'server-certificate',
  INVALID_CA: 'server-certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'server-certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'server-certificate',
};

/** Alerts that end the handshake: nothing that we sent after it was read. */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(ACCESS_DENIED|BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)$/;

/** @param code of Node's error, or of OpenSSL's */
export function faultOf(code: string, { hasCertificate }: { hasCertificate: boolean }): Fault | null {
  if (CERTIFICATE_ALERT.test(code)) return 'client-certificate';
  if (hasCertificate && code === 'ECONNRESET') return 'client-certificate-perhaps';
  return FAULTS[code] ?? null;
}

/** Codes of our agent for a proxy that made no connection to the API. */
const PROXY_CODES = ['PROXY_REFUSED', 'PROXY_CREDENTIALS', 'PROXY_UNREACHABLE'] as const;
export type ProxyCode = (typeof PROXY_CODES)[number];

/** True for an error of our agent, whose message holds no secret. */
export function isProxyError(error: unknown): error is Error & { code: ProxyCode } {
  return error instanceof Error && 'code' in error && PROXY_CODES.some((code) => code === error.code);
}
