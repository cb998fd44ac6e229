import { X509Certificate } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { type Failure, failure, systemCode } from '../../domain/errors/failure.ts';
import { isLoopback } from '../../domain/text/words.ts';
import { utcTime } from '../../domain/times/vendor-time.ts';
import type { Network, Proxy } from '../../wise/proxy-agent.ts';
import { NO_TEXT, readTextOr } from '../terminal/read-text.ts';
import { HIDDEN_NAMES } from './secret-variables.ts';

type Certificate = NonNullable<Network['certificate']>;

/**
 * Returns the proxy for a URL: from `HTTPS_PROXY` (or `https_proxy`, `ALL_PROXY`), unless `NO_PROXY` excludes the host.
 * URLs on this machine never use a proxy.
 * @returns null for a direct connection
 * @throws Failure `usage` for an invalid proxy; the message contains no credentials
 */
export function findProxy(baseUrl: string): Proxy | null {
  const { env } = process;
  if (isLoopback(new URL(baseUrl).hostname)) return null;
  const names = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'];
  const name = names.find((one) => env[one]);
  if (name === undefined) return null;
  if (isExempt(new URL(baseUrl), env.no_proxy || env.NO_PROXY || '')) return null;
  const text = env[name] ?? '';
  const address = text.includes('://') ? text : `http://${text}`;
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url && url.hostname !== '' && ['http:', 'https:'].includes(url.protocol))
    return { url, credentials: readCredentials(url, name) };
  throw failure(
    'usage',
    `${name} is not a supported proxy address.`,
    'Use an address like http://proxy.example:3128. SOCKS proxies are not supported.',
  );
}

/**
 * True if `NO_PROXY` excludes the host of a URL. Rules of curl: a domain includes its subdomains, an entry may be a
 * network (CIDR), brackets and a trailing dot are ignored. Rules of Go: ports and `*.` are supported.
 */
function isExempt({ hostname, port, protocol }: URL, noProxy: string): boolean {
  const host = plainHost(hostname);
  const ownPort = port || (protocol === 'https:' ? '443' : '80');
  return noProxy.split(/[\s,]+/).some((entry) => {
    // Without brackets, the end of an IPv6 address looks like a port.
    const [, name = entry, onlyPort = ownPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
    return onlyPort === ownPort && (name === '*' || covers(plainHost(name.replace(/^\*?\./, '')), host));
  });
}

function plainHost(name: string): string {
  return name.toLowerCase().replaceAll(/[[\]]/g, '').replace(/\.$/, '');
}

/** True if a domain, IP address or network contains a host. Does not resolve names. */
function covers(name: string, host: string): boolean {
  const [address = '', prefix] = name.split('/');
  // The end of an IP address is not a parent domain.
  if (isIP(address) === 0) return name !== '' && isIP(host) === 0 && `.${host}`.endsWith(`.${name}`);
  const most = isIP(address) === 6 ? 128 : 32;
  const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : most + 1;
  if (isIP(host) === 0 || bits > most) return false;
  const network = new BlockList();
  network.addSubnet(address, bits, familyOf(address));
  return network.check(host, familyOf(host));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function readCredentials({ username, password }: URL, name: string): Proxy['credentials'] {
  if (username === '' && password === '') return null;
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw failure('usage', `${name} has an invalid % in its user name or password.`, 'Write % as %25 there.');
  }
}

/** Returns the secrets of a proxy, for redaction. A user name alone may be a token. */
export function secretsOf({ url, credentials }: Proxy): string[] {
  if (!credentials) return [];
  const { user, password } = credentials;
  const pair = Buffer.from(`${user}:${password}`).toString('base64');
  return password === '' ? [url.username, user, pair] : [url.password, password, pair];
}

/**
 * Reads the client certificate and key of a context.
 * @param now milliseconds since the epoch
 * @throws Failure `credentials-unusable` with the file
 */
export function readCertificate(
  { certFile, keyFile }: { certFile: string; keyFile: string },
  now: number,
): Certificate & { validUntil: number } {
  const certificate = { cert: readPem(certFile), key: readPem(keyFile) };
  const validUntil = endOf(certificate.cert, certFile);
  if (validUntil < now) {
    const date = utcTime(validUntil).slice(0, 10);
    throw unusable(certFile, `it expired on ${date}`, 'Ask Wise for a new one, and set it in the context.');
  }
  try {
    createSecureContext(certificate);
  } catch (error) {
    const isPair = systemCode(error, 'unreadable') === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH';
    const why = isPair ? `it is not the key of ${certFile}` : 'it is not a key in PEM without a passphrase';
    throw unusable(keyFile, why, 'Use the key that belongs to the certificate.');
  }
  return { ...certificate, validUntil };
}

/** Maximum size of a PEM file. A certificate chain needs far less. */
const LONGEST_PEM = 256 * 1024;

function readPem(file: string): string {
  return readTextOr(file, { limit: LONGEST_PEM }, ({ code, reason }) => {
    const hint = code === NO_TEXT ? 'Name a PEM file in UTF-8.' : 'Check the path and who may read it.';
    throw unusable(file, reason, hint);
  });
}

function endOf(cert: string, file: string): number {
  try {
    return new X509Certificate(cert).validToDate.getTime();
  } catch {
    throw unusable(file, 'it is not a certificate in PEM', 'Name a file that begins with BEGIN CERTIFICATE.');
  }
}

function unusable(file: string, why: string, hint: string): Failure {
  return failure('credentials-unusable', `${file} can't be used for mutual TLS: ${why}.`, hint);
}

/**
 * Returns the environment for child processes: without credentials, which they could leak. Proxy URLs lose user name
 * and password.
 */
export function childEnv(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  // On Windows, names of variables are case-insensitive.
  const kept = Object.entries(env).filter(([name]) => !HIDDEN_NAMES.includes(name.toUpperCase()));
  return Object.fromEntries(
    kept.map(([name, value]) => [
      name,
      /proxy$/i.test(name) ? value?.replace(/^(\w+:\/\/)?.*@/, '$1') : value,
    ]),
  );
}

/**
 * Removes credentials from the environment of this process while `work` runs, because `work` starts child processes.
 */
export async function withoutCredentials<Result>(work: () => Promise<Result>): Promise<Result> {
  const { env } = process;
  const without = childEnv(env);
  const changed = Object.entries(env).filter(([name, value]) => without[name] !== value);
  const put = (name: string, value: string | undefined) => {
    if (value === undefined) delete env[name];
    else env[name] = value;
  };
  for (const [name] of changed) put(name, without[name]);
  try {
    return await work();
  } finally {
    for (const [name, value] of changed) put(name, value);
  }
}
