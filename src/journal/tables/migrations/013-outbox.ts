/**
 * Schema version 13: what waits to be sent to a target, and the targets of events. A trigger queues each event in the
 * transaction that stores it, whichever process and version of kioskctl does.
 */
export const OUTBOX = `
CREATE TABLE outbox (
  -- The sequence of a target.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  environment TEXT NOT NULL,
  -- 'event' or 'notice'.
  kind TEXT NOT NULL,
  -- Name of the target. Its URL may be a secret, and is known to servers only.
  target TEXT NOT NULL,
  -- The event to forward.
  event_id INTEGER,
  -- The JSON text of a notice.
  notice TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,
  stored_at INTEGER NOT NULL
);
CREATE INDEX outbox_of_target ON outbox (environment, kind, target, id);

CREATE TABLE outbox_targets (
  environment TEXT NOT NULL,
  name TEXT NOT NULL,
  -- Last time at which a server was running that forwards to the target.
  seen_at INTEGER NOT NULL,
  -- 1 only within a transaction that stores events of the past, which are not forwarded.
  is_paused INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (environment, name)
);

-- No events are queued for a target after 14 days (1209600000 ms) without a server.
CREATE TRIGGER events_are_forwarded AFTER INSERT ON events WHEN NEW.is_verified = 1
BEGIN
  INSERT INTO outbox (environment, kind, target, event_id, due_at, stored_at)
  SELECT environment, 'event', name, NEW.id, NEW.received_at, NEW.received_at FROM outbox_targets
  WHERE environment = NEW.environment AND is_paused = 0 AND seen_at > NEW.received_at - 1209600000;
END;
`;

/** Schema version 14: the problems that people were notified of, or soon will be. */
export const NOTICES = `
CREATE TABLE notices (
  environment TEXT NOT NULL,
  -- The same for equal problems.
  key TEXT NOT NULL,
  -- JSON: kind, kiosk, error.
  subject TEXT NOT NULL,
  seen_at INTEGER NOT NULL,
  -- Latest notice; null before the first one.
  noticed_at INTEGER,
  -- First time without the problem, after a notice.
  gone_at INTEGER,
  -- Size and times in the latest notice.
  "count" INTEGER NOT NULL,
  since INTEGER NOT NULL,
  latest INTEGER NOT NULL,
  PRIMARY KEY (environment, key)
);
`;
