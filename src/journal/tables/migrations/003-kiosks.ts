/** Schema version 3: status of cards, holds, leases, and actions on selections. */
export const KIOSKS = `
-- Of the order and of the production, as the vendor said them last, in an answer or in an event. The columns after the
-- production are parts of it, by which cards are found.
ALTER TABLE cards ADD COLUMN order_status TEXT;
-- When the order was seen, or heard of, last.
ALTER TABLE cards ADD COLUMN order_seen_at INTEGER;
ALTER TABLE cards ADD COLUMN production TEXT;
ALTER TABLE cards ADD COLUMN production_status TEXT;
ALTER TABLE cards ADD COLUMN kiosk_id TEXT;
-- When the production moved: the vendor's time where it can be read, else when it was heard of.
ALTER TABLE cards ADD COLUMN changed_at INTEGER;
-- Few of many cards are unfinished, or were at a certain kiosk.
CREATE INDEX cards_unfinished ON cards (environment) WHERE COALESCE(production_status, '') <> 'PRODUCED'
  AND COALESCE(order_status, '') NOT IN ('PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED');
CREATE INDEX cards_of_kiosk ON cards (environment, kiosk_id, production_status, changed_at);
CREATE INDEX attempts_of_kiosk ON attempts (environment, kiosk_id, card_token);

CREATE TABLE environments (
  environment TEXT PRIMARY KEY,
  -- Events up to this one are in the cards.
  folded_event_id INTEGER NOT NULL DEFAULT 0,
  -- How far the API's clock is ahead of ours, in milliseconds: a sandbox's may be days ahead.
  clock_offset INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE holds (
  id INTEGER PRIMARY KEY,
  environment TEXT NOT NULL,
  kiosk_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  context TEXT NOT NULL,
  host TEXT NOT NULL,
  user TEXT NOT NULL,
  held_at INTEGER NOT NULL,
  released_at INTEGER
);
CREATE UNIQUE INDEX holds_open ON holds (environment, kiosk_id) WHERE released_at IS NULL;

-- Who works on a card or at a kiosk right now.
CREATE TABLE leases (
  environment TEXT NOT NULL,
  subject TEXT NOT NULL,
  act TEXT NOT NULL,
  -- Of the journal that took it: a process may have several.
  owner TEXT NOT NULL,
  holder_host TEXT NOT NULL,
  holder_user TEXT NOT NULL,
  holder_pid INTEGER NOT NULL,
  holder_started_at TEXT,
  taken_at INTEGER NOT NULL,
  renewed_at INTEGER NOT NULL,
  UNIQUE (environment, subject)
);

-- Which cards a retry chose, so that a later one of the same choice knows what was tried.
ALTER TABLE acts ADD COLUMN selection TEXT;
CREATE INDEX acts_selection ON acts (environment, selection, card_token) WHERE selection IS NOT NULL;

-- The audit trail: acts are added and ended, never changed and never removed.
CREATE TRIGGER acts_stay BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'acts are never removed'); END;
CREATE TRIGGER acts_end_once BEFORE UPDATE ON acts WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an act that ended is never changed'); END;
`;
