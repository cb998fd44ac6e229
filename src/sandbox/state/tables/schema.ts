/** What the sandbox keeps. Times are milliseconds of the virtual clock since the epoch. */
export const SANDBOX_STATE = `
CREATE TABLE sandbox (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seed INTEGER NOT NULL,
  -- How many values were drawn from the seed: each draw gives another one.
  draws INTEGER NOT NULL,
  -- How far the virtual clock is ahead of the real one.
  clock_offset INTEGER NOT NULL,
  token_policy TEXT NOT NULL
);

CREATE TABLE profiles (
  id INTEGER PRIMARY KEY,
  physical_card_limit INTEGER
);

CREATE TABLE profile_requirements (
  profile_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (profile_id, type)
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  profile_id INTEGER NOT NULL,
  idempotency_key TEXT NOT NULL,
  -- A hash of the body that came with the key.
  fingerprint TEXT NOT NULL,
  card_type TEXT NOT NULL,
  status TEXT NOT NULL,
  card_token TEXT UNIQUE,
  -- The body of the request as JSON.
  request TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  UNIQUE (profile_id, idempotency_key)
);

CREATE TABLE order_requirements (
  order_id INTEGER NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  PRIMARY KEY (order_id, type)
);

CREATE TABLE cards (
  token TEXT PRIMARY KEY,
  profile_id INTEGER NOT NULL,
  order_id INTEGER NOT NULL UNIQUE,
  status TEXT NOT NULL,
  last_four_digits TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL
);

CREATE TABLE productions (
  card_token TEXT PRIMARY KEY,
  -- null until READY.
  status TEXT,
  kiosk_id TEXT,
  occurred_at INTEGER,
  error_code TEXT,
  -- A request that exists and was not started yet.
  queued_kiosk_id TEXT,
  queued_at INTEGER,
  -- The latest time that anything about this card was given.
  latest_at INTEGER
);

CREATE TABLE due (
  id INTEGER PRIMARY KEY,
  due_at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  -- The order id or card token, as text.
  subject TEXT NOT NULL,
  transition TEXT NOT NULL
);
CREATE INDEX due_order ON due (due_at, id);

CREATE TABLE faults (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  times INTEGER NOT NULL,
  fault TEXT NOT NULL
);

CREATE TABLE tokens (
  -- Only a hash: people may pass real tokens to a sandbox by mistake.
  hash TEXT PRIMARY KEY,
  -- access or refresh; null for a token that a test declared.
  kind TEXT,
  state TEXT NOT NULL,
  expires_at INTEGER
);

CREATE TABLE subscriptions (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  client_key TEXT NOT NULL,
  subscription TEXT NOT NULL
);

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  -- Both only of test notifications, which go to one subscription.
  subscription_id TEXT,
  delivery_id TEXT,
  body TEXT NOT NULL
);

CREATE TABLE requests (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  path TEXT NOT NULL,
  status INTEGER NOT NULL,
  effect INTEGER NOT NULL,
  kiosk_id TEXT
);
`;

/** Webhooks on their way, and the key that signs them. */
export const WEBHOOK_DELIVERIES = `
CREATE TABLE signing_key (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  -- PEM.
  private_key TEXT NOT NULL
);

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  event_id INTEGER NOT NULL,
  subscription_id TEXT NOT NULL,
  delivery_id TEXT NOT NULL UNIQUE,
  -- Those that were begun.
  attempts INTEGER NOT NULL,
  -- When the next one is due; null once it arrived or was given up.
  due_at INTEGER,
  -- Until when one process has it for itself, in milliseconds of the real clock.
  claimed_until INTEGER NOT NULL,
  -- What the last attempt was answered with: 0 for no answer, null before the first one.
  status INTEGER
);
CREATE INDEX deliveries_due ON deliveries (due_at, id) WHERE due_at IS NOT NULL;
`;

/** Every table that a reset empties: who knows the signing key need not be told another one. */
export const TABLES = [
  'sandbox',
  'profiles',
  'profile_requirements',
  'orders',
  'order_requirements',
  'cards',
  'productions',
  'due',
  'faults',
  'tokens',
  'subscriptions',
  'outbox',
  'deliveries',
  'requests',
] as const;
