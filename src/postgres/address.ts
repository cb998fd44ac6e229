import type { JournalUrl } from './journal-url.ts';

/** Address of a journal in PostgreSQL: server, database and schema. */
export interface PostgresAddress
  extends Pick<JournalUrl, 'name' | 'host' | 'port' | 'user' | 'database' | 'schema'> {
  /** Certificates in PEM; null for connections without TLS. */
  tls: TlsFiles | null;
  /** Returns the password. Called only if the server requires one. @throws Failure if none is set */
  password: () => string;
}

/** TLS settings. The server's certificate is always verified. */
export interface TlsFiles {
  /** CA certificates that replace the default ones. */
  ca?: string;
  cert?: string;
  key?: string;
}
