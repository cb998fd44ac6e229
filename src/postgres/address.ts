/** A database on a PostgreSQL server, and the schema in it that is the journal. */
export interface PostgresAddress {
  /** Shown in messages: without a password, or parameters. */
  name: string;
  /** A name, an address, or the folder of a socket. */
  host: string;
  port: number;
  user: string;
  database: string;
  /** Letters, digits and underscores. */
  schema: string;
  /** Certificates in PEM; null for a connection without TLS. */
  tls: TlsFiles | null;
  /** Called for a server that asks for it. @throws Failure if there is none */
  password: () => string;
}

/** With TLS, the certificate of the server is always verified. */
export interface TlsFiles {
  /** The authorities that count instead of the usual ones. */
  ca?: string;
  cert?: string;
  key?: string;
}
