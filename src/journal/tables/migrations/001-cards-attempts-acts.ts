/**
 * Schema version 1: cards, attempts, audit log. No secrets, no data of cardholders. Times are milliseconds since the
 * epoch.
 */
export const CARDS_ATTEMPTS_ACTS = `
CREATE TABLE cards (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  profile_id INTEGER NOT NULL,
  order_id INTEGER,
  card_token TEXT,
  -- The vendor's text: when the card was created, and how it reaches its holder.
  card_created_at TEXT,
  delivery_option TEXT,
  first_seen_at INTEGER NOT NULL,
  UNIQUE (environment, card_token),
  UNIQUE (environment, order_id)
);

CREATE TABLE attempts (
  id TEXT PRIMARY KEY,
  environment TEXT NOT NULL,
  card_token TEXT NOT NULL,
  number INTEGER NOT NULL,
  profile_id INTEGER NOT NULL,
  order_id INTEGER,
  kiosk_id TEXT,
  origin TEXT NOT NULL,
  outcome TEXT NOT NULL,
  -- Productions as JSON: what the vendor said right before the request, and last about this attempt.
  baseline TEXT,
  production TEXT,
  holder_host TEXT NOT NULL,
  holder_user TEXT NOT NULL,
  holder_pid INTEGER NOT NULL,
  holder_started_at TEXT,
  claimed_at INTEGER NOT NULL,
  sent_at INTEGER,
  closed_at INTEGER,
  reason TEXT,
  correlation_id TEXT,
  trace_id TEXT,
  UNIQUE (environment, card_token, number)
);

-- Never the same card twice: one open attempt for each card.
CREATE UNIQUE INDEX attempts_open ON attempts (environment, card_token) WHERE closed_at IS NULL;

CREATE TABLE order_requests (
  idempotency_key TEXT NOT NULL,
  environment TEXT NOT NULL,
  profile_id INTEGER NOT NULL,
  -- Of the data that were sent with the key; the data themselves are personal and not kept.
  fingerprint TEXT NOT NULL,
  order_id INTEGER,
  requested_at INTEGER NOT NULL,
  PRIMARY KEY (environment, profile_id, idempotency_key)
);

CREATE TABLE acts (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  context TEXT NOT NULL,
  act TEXT NOT NULL,
  profile_id INTEGER NOT NULL,
  order_id INTEGER,
  card_token TEXT,
  kiosk_id TEXT,
  attempt_id TEXT,
  reason TEXT,
  host TEXT NOT NULL,
  user TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  exit_code INTEGER,
  trace_id TEXT
);
`;
