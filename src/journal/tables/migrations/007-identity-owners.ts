/** Schema version 7: identity and restores of the journal, and more data about the processes that own rows. */
export const IDENTITY_OWNERS = `
CREATE TABLE identity (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  -- The same in all copies of the journal.
  id TEXT NOT NULL,
  -- Changes when a backup is restored.
  generation TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  restored_at INTEGER,
  backed_up_at INTEGER,
  backup_file TEXT,
  -- Size and time of change of the main file as it was left by the last checkpoint; see FileGuard.
  main_file TEXT,
  -- Changes when the main file was found otherwise.
  epoch TEXT,
  -- Of the connection that is writing the main file right now.
  checkpoint TEXT
);
INSERT INTO identity (only, id, generation, created_at)
VALUES (1, lower(hex(randomblob(8))), lower(hex(randomblob(8))), CAST(unixepoch('subsec') * 1000 AS INTEGER));

-- Cards that waited after a restore, so that they are sent like all others again.
CREATE TABLE restore_waits (
  environment TEXT NOT NULL,
  card_token TEXT NOT NULL,
  generation TEXT NOT NULL,
  waited_at INTEGER NOT NULL,
  PRIMARY KEY (environment, card_token, generation)
);

-- The boot of the machine and the namespace of process ids: a pid counts only where both are ours.
ALTER TABLE attempts ADD COLUMN holder_boot TEXT;
ALTER TABLE attempts ADD COLUMN holder_namespace TEXT;
ALTER TABLE leases ADD COLUMN holder_boot TEXT;
ALTER TABLE leases ADD COLUMN holder_namespace TEXT;
ALTER TABLE listenings ADD COLUMN holder_boot TEXT;
ALTER TABLE listenings ADD COLUMN holder_namespace TEXT;
ALTER TABLE acts ADD COLUMN holder_boot TEXT;
ALTER TABLE acts ADD COLUMN holder_namespace TEXT;
-- The lease under which an attempt is sent: a claim ends with it.
ALTER TABLE attempts ADD COLUMN lease TEXT;
-- When it was renewed on the stopwatch of its machine, which all processes of one boot share.
ALTER TABLE leases ADD COLUMN renewed_uptime REAL;
ALTER TABLE listenings ADD COLUMN heartbeat_uptime REAL;
`;
