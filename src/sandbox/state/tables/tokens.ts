import { createPrivateKey, createPublicKey, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import type { SqliteConnection } from '../../../database/sqlite.ts';
import { countDraw, type SandboxRow } from './clock.ts';

export interface TokenRow {
  /** Kind of an issued token; null for a token that a test declared, which is valid as any kind. */
  kind: 'access' | 'refresh' | 'code' | null;
  state: 'good' | 'expired' | 'refused';
  /** Virtual time, in milliseconds; null if the token does not expire. */
  expiresAt: number | null;
  /** The client to which the token was issued; null for a declared token. */
  clientId: string | null;
}

export const TOKENS_TABLE = `
CREATE TABLE tokens (
  -- Only a hash: people may pass real tokens to a sandbox by mistake.
  hash TEXT PRIMARY KEY,
  -- access or refresh; null for a token that a test declared.
  kind TEXT,
  state TEXT NOT NULL,
  expires_at INTEGER
);
`;

/** Stores a token, or replaces its row. */
export function putToken(db: SqliteConnection, token: string, row: TokenRow): void {
  db.run(
    `INSERT OR REPLACE INTO tokens (hash, kind, state, expires_at, client_id)
     VALUES (:hash, :kind, :state, :expiresAt, :clientId)`,
    { hash: sha256(token), ...row },
  );
}

export function findToken(db: SqliteConnection, token: string): TokenRow | undefined {
  return db.get<TokenRow>(
    'SELECT kind, state, expires_at AS expiresAt, client_id AS clientId FROM tokens WHERE hash = :hash',
    { hash: sha256(token) },
  );
}

/** Returns a random UUID (version 4). It is derived from the seed: the same seed and requests produce the same ids. */
export function drawUuid(db: SqliteConnection): string {
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

/** Returns random last four digits of a card number, derived from the seed. */
export function drawFourDigits(db: SqliteConnection): string {
  return String(Number.parseInt(draw(db).slice(0, 8), 16) % 10_000).padStart(4, '0');
}

/**
 * Returns a trace id (32 hex digits). It is a hash instead of a random draw, because a draw writes to the state, and
 * reads must not write.
 * @param occasion values that make the id unique: time, number, request
 */
export function traceIdOf({ seed, draws }: SandboxRow, occasion: readonly (string | number)[]): string {
  return sha256(JSON.stringify(['trace', seed, draws, ...occasion])).slice(0, 32);
}

export function sha256(text: string): string {
  return hash('sha256', text);
}

function draw(db: SqliteConnection): string {
  const { seed, draws } = countDraw(db);
  return sha256(`${seed}:${draws}`);
}

export const SIGNING_KEY_TABLE = `
CREATE TABLE signing_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- PEM.
  private_key TEXT NOT NULL
);
`;

/** Size of the RSA keys of Wise. */
const MODULUS_BITS = 2_048;

/** Returns the private key that signs the webhooks. Created at its first use. */
export function signingKeyOf(db: SqliteConnection): KeyObject {
  return createPrivateKey(findKey(db) ?? makeKey(db));
}

/** Returns the public key that verifies the webhooks, in PEM. */
export function publicKeyOf(db: SqliteConnection): string {
  return createPublicKey(signingKeyOf(db)).export({ type: 'spki', format: 'pem' }).toString();
}

/** Key of all in-memory states of this process. Generating a key takes 100 ms, and tests open many states. */
let keyInMemory: string | undefined;

/** Generates and stores the signing key. If several processes do so at the same time, the first key is used. */
function makeKey(db: SqliteConnection): string {
  const pem = db.walFile === null ? (keyInMemory ??= generateKey()) : generateKey();
  db.run('INSERT INTO signing_key (id, private_key) VALUES (1, :pem) ON CONFLICT DO NOTHING', { pem });
  return findKey(db) ?? pem;
}

function generateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function findKey(db: SqliteConnection): string | undefined {
  return db.get<{ pem: string }>('SELECT private_key AS pem FROM signing_key')?.pem;
}
