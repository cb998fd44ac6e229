/** Address of a journal in PostgreSQL: server, database and schema. */
export interface PostgresAddress {
  /** Name in messages: the URL without the parameters for TLS. */
  name: string;
  /** Host name, IP address, or folder of a Unix socket. */
  host: string;
  port: number;
  user: string;
  database: string;
  /** Schema of the journal: letters, digits and underscores. */
  schema: string;
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
