import type { Database } from '../../../database/sqlite.ts';
import { sha256 } from './generator.ts';

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
