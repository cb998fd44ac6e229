import { CARDS_ATTEMPTS_ACTS } from './001-cards-attempts-acts.ts';
import { EVENTS_LISTENINGS } from './002-events-listenings.ts';
import { KIOSKS } from './003-kiosks.ts';
import { AUDIT_TRAIL } from './004-audit-trail.ts';
import { RUNS } from './005-runs.ts';
import { IDENTITY_OWNERS } from './007-identity-owners.ts';
import { NOTICES, OUTBOX } from './013-outbox.ts';
import { PLANS } from './015-plans.ts';

/** Schema version 6: HTTP status and failure code of attempts without effect. */
const ATTEMPT_ENDS = `
ALTER TABLE attempts ADD COLUMN http_status INTEGER;
ALTER TABLE attempts ADD COLUMN end_code TEXT;
`;

/** Schema version 8: the settle window of each attempt. */
const SETTLE_WINDOWS = `
-- Its start on clocks that can't be set, and whether it has passed, as JSON.
ALTER TABLE attempts ADD COLUMN settle_window TEXT;
`;

/** Schema version 9: the end of temporary holds. */
const HOLD_ENDS = `
ALTER TABLE holds ADD COLUMN ends_at INTEGER;
-- The clock of the machine at its start, which nobody sets.
ALTER TABLE holds ADD COLUMN boot TEXT;
ALTER TABLE holds ADD COLUMN uptime INTEGER;
`;

/** Schema version 10: the login of a server under which an action was recorded; a file has none. */
const LOGINS = `
ALTER TABLE acts ADD COLUMN login TEXT;
CREATE TRIGGER acts_keep_their_login BEFORE UPDATE OF login ON acts
BEGIN SELECT RAISE(ABORT, 'the beginning of an act is never changed'); END;
`;

/** Schema version 11: the name of the journal in PostgreSQL to which this file was moved. */
const MOVED_JOURNALS = `
-- Name of the journal that a move copies this file to. It seals the file for all environments but local.
ALTER TABLE identity ADD COLUMN moved_to TEXT;
-- Time at which the move was completed; null before.
ALTER TABLE identity ADD COLUMN moved_at INTEGER;
`;

/** The scripts of all schema versions in SQLite, in order. A new version is added for both databases. */
export const MIGRATIONS: readonly string[] = [
  CARDS_ATTEMPTS_ACTS,
  EVENTS_LISTENINGS,
  KIOSKS,
  AUDIT_TRAIL,
  RUNS,
  ATTEMPT_ENDS,
  IDENTITY_OWNERS,
  SETTLE_WINDOWS,
  HOLD_ENDS,
  LOGINS,
  MOVED_JOURNALS,
  // Version 12 adds a table in PostgreSQL only. For a journal in a file, the rate limits are in another file.
  '',
  OUTBOX,
  NOTICES,
  PLANS,
];
