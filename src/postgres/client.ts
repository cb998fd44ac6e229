import type { Socket } from 'node:net';
import { Client, type ClientConfig } from 'pg';
import type { PostgresAddress } from './address.ts';
import { parserOf } from './statements.ts';

/** A suspended or disconnected client must not hold the writers' lock for more than 20 seconds. */
const IDLE_IN_TRANSACTION_MS = 10_000;
const STATEMENT_MS = 20_000;
const SILENCE_MS = 20_000;
const KEEPALIVES = { idle: 10, interval: 3, count: 3 };

const CONNECT_MS = 10_000;
/** Time without a response after which the server counts as unreachable. */
const ANSWER_MS = STATEMENT_MS + 2_000;

export interface ClientOptions {
  /** Maximum wait of a statement for a lock, in milliseconds. */
  patience: number;
  /** Maximum time for a response, in milliseconds. Without one, the session ends. */
  answer?: number;
  /** Settings of the session that differ from the usual ones. */
  settings?: Record<string, string | number>;
}

/** An option that pg's types lack. */
const UNTYPED = { replication: 'false' };

/** Creates a client. */
export function clientOf(
  address: PostgresAddress,
  { socket, ...options }: ClientOptions & { socket: Socket },
): Client {
  return new Client({ ...clientConfig(address, options), stream: () => socket });
}

/** Returns all options of a client, so that PG* environment variables have no effect. */
export function clientConfig(
  address: PostgresAddress,
  { patience, answer: limit = ANSWER_MS, settings = {} }: ClientOptions,
): ClientConfig {
  const answer = Math.min(limit, ANSWER_MS);
  const { host, port, user, database, password, tls } = address;
  return {
    host,
    port,
    user,
    database,
    password: async () => Promise.resolve(password()),
    ssl: tls ?? false,
    sslnegotiation: 'postgres',
    application_name: 'kioskctl',
    client_encoding: 'utf8',
    ...UNTYPED,
    options: Object.entries({ ...settingsOf(address, patience), ...settings })
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
    connectionTimeoutMillis: Math.min(CONNECT_MS, answer),
    query_timeout: answer,
    pipeline: true,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVES.idle * 1_000,
    types: { getTypeParser: parserOf },
  };
}

/** Returns the settings of each session. They override the settings of server, database and user. */
function settingsOf({ schema }: PostgresAddress, patience: number): Record<string, string | number> {
  return {
    // Without pg_temp in the list, PostgreSQL would search it first.
    search_path: `${schema},pg_temp`,
    TimeZone: 'UTC',
    default_transaction_isolation: 'read\\ committed',
    default_transaction_read_only: 'off',
    synchronous_commit: 'on',
    lock_timeout: patience,
    statement_timeout: STATEMENT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    idle_session_timeout: 0,
    tcp_user_timeout: SILENCE_MS,
    tcp_keepalives_idle: KEEPALIVES.idle,
    tcp_keepalives_interval: KEEPALIVES.interval,
    tcp_keepalives_count: KEEPALIVES.count,
  };
}
