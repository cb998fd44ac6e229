/** Schema version 2: webhooks as they arrived, and time spans of listeners. Times are milliseconds since the epoch. */
export const EVENTS_LISTENINGS = `
CREATE TABLE events (
  -- People and scripts name events by it, also after others were forgotten: none is given twice.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  environment TEXT NOT NULL,
  delivery_id TEXT,
  -- Of what the event says, without what may differ between two deliveries of it; else of the delivery.
  content_key TEXT NOT NULL,
  body BLOB NOT NULL,
  signature TEXT,
  is_test INTEGER NOT NULL,
  is_verified INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  event_type TEXT NOT NULL,
  profile_id INTEGER,
  card_token TEXT,
  order_id INTEGER,
  kiosk_id TEXT,
  status TEXT,
  error_code TEXT,
  description TEXT,
  occurred_at TEXT,
  sent_at TEXT
);

-- Keeps an event from being there twice, and finds those of a card. Its keys are random, so that each event writes a page
-- of its own: a second index of that kind costs a fifth of the speed.
CREATE UNIQUE INDEX events_of_card ON events (environment, COALESCE(card_token, ''), content_key);
CREATE INDEX events_of_order ON events (environment, order_id) WHERE order_id IS NOT NULL;

CREATE TABLE listenings (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  url TEXT NOT NULL,
  holder_host TEXT NOT NULL,
  holder_user TEXT NOT NULL,
  holder_pid INTEGER NOT NULL,
  holder_started_at TEXT,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL,
  ended_at INTEGER
);
`;
