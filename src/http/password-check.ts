import { createHash, timingSafeEqual } from 'node:crypto';

/** Number of wrong passwords that a new IP address may send without a pause. */
const GUESSES = 10;
/** Seconds after which an IP address may send another wrong password. */
const REFILL_SECONDS = 6;

/** Maximum number of addresses with wrong passwords that are tracked. All others share one limit. */
const ADDRESSES = 1_000;

interface Bucket {
  wrong: number;
  /** Seconds on a monotonic clock. */
  at: number;
}

/** `missing`: no password was sent. `throttled`: not compared, because the address sent too many wrong ones. */
type PasswordVerdict = 'right' | 'wrong' | 'missing' | 'throttled';

/**
 * Checks the password of HTTP Basic, with any user name. Compares in constant time, and only 10 wrong passwords a
 * minute from an address.
 */
export class PasswordCheck {
  /** Seconds after which a throttled address may try again. */
  static readonly retryAfter = REFILL_SECONDS;
  readonly #password: Buffer;
  readonly #seconds: () => number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(password: string, seconds: () => number = () => performance.now() / 1_000) {
    this.#password = digestOf(password);
    this.#seconds = seconds;
  }

  /** @param authorization header of the request @param address of the client */
  check(authorization: string | undefined, address: string): PasswordVerdict {
    const password = passwordIn(authorization);
    if (password === null) return 'missing';
    const bucket = this.#bucketOf(address);
    const now = this.#seconds();
    const wrong = Math.max(0, bucket.wrong - (now - bucket.at) / REFILL_SECONDS);
    if (wrong > GUESSES - 1) return 'throttled';
    if (timingSafeEqual(digestOf(password), this.#password)) return 'right';
    Object.assign(bucket, { wrong: wrong + 1, at: now });
    return 'wrong';
  }

  #bucketOf(address: string): Bucket {
    const network = networkOf(address);
    if (this.#buckets.size >= ADDRESSES && !this.#buckets.has(network)) this.#forgetOld();
    const name = this.#buckets.size < ADDRESSES || this.#buckets.has(network) ? network : '';
    let bucket = this.#buckets.get(name);
    if (!bucket) this.#buckets.set(name, (bucket = { wrong: 0, at: this.#seconds() }));
    return bucket;
  }

  /** Removes the addresses whose wrong passwords no longer count. */
  #forgetOld(): void {
    const oldest = this.#seconds() - GUESSES * REFILL_SECONDS;
    for (const [name, { at }] of this.#buckets) if (at < oldest) this.#buckets.delete(name);
  }
}

function passwordIn(authorization = ''): string | null {
  const [, basic = ''] = /^Basic\s+(\S+)$/i.exec(authorization) ?? [];
  const sent = Buffer.from(basic, 'base64').toString('utf8');
  const colon = sent.indexOf(':');
  return colon < 0 ? null : sent.slice(colon + 1);
}

/** Returns the /64 network of an IPv6 address, because one client has all its addresses; an IPv4 address unchanged. */
function networkOf(address: string): string {
  if (address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0')].slice(0, 4).join(':');
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
