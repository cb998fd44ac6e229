import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { Database } from '../../../database/sqlite.ts';
import { countDraw, type SandboxRow } from './clock.ts';

export type TokenState = 'good' | 'expired' | 'refused';

export interface TokenRow {
  /** null for a token that was declared, which is good for everything. */
  kind: 'access' | 'refresh' | 'code' | null;
  state: TokenState;
  /** Milliseconds of the virtual clock; null for never. */
  expiresAt: number | null;
}

/** Keeps what is known of a token; a declaration replaces what was there. */
export function putToken(db: Database, token: string, { kind, state, expiresAt }: TokenRow): void {
  db.run(
    `INSERT INTO tokens (hash, kind, state, expires_at) VALUES (:hash, :kind, :state, :expiresAt)
     ON CONFLICT (hash) DO UPDATE SET
       kind = excluded.kind, state = excluded.state, expires_at = excluded.expires_at`,
    { hash: sha256(token), kind, state, expiresAt },
  );
}

export function findToken(db: Database, token: string): TokenRow | undefined {
  return db.get<TokenRow>('SELECT kind, state, expires_at AS expiresAt FROM tokens WHERE hash = :hash', {
    hash: sha256(token),
  });
}

/** Draws a UUID (version 4 shape) from the seed: the same seed and the same requests give the same ids. */
export function drawUuid(db: Database): string {
  const hex = draw(db);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0b11) | 0b1000).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Draws the last four digits of a card number. */
export function drawFourDigits(db: Database): string {
  return String(Number.parseInt(draw(db).slice(0, 8), 16) % 10_000).padStart(4, '0');
}

/**
 * A trace id (32 hex digits) for one answer. It is computed and not drawn, because a draw writes to the state, which
 * a plain read must not do.
 * @param occasion what tells this answer from every other: time, number, request
 */
export function traceIdOf({ seed, draws }: SandboxRow, occasion: readonly (string | number)[]): string {
  return sha256(JSON.stringify(['trace', seed, draws, ...occasion])).slice(0, 32);
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function draw(db: Database): string {
  const { seed, draws } = countDraw(db);
  return sha256(`${seed}:${draws}`);
}

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
