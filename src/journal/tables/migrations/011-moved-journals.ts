/** Schema version 11: the journal in PostgreSQL that has the records of this file now. */
export const MOVED_JOURNALS = `
-- Name of the journal that a move copies this file to. It seals the file for all environments but local.
ALTER TABLE identity ADD COLUMN moved_to TEXT;
-- Time at which the move was completed; null before.
ALTER TABLE identity ADD COLUMN moved_at INTEGER;
`;
