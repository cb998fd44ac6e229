/** Schema version 11: the name of the journal in PostgreSQL to which this file was moved. */
export const MOVED_JOURNALS = `
-- Name of the journal that a move copies this file to. It seals the file for all environments but local.
ALTER TABLE identity ADD COLUMN moved_to TEXT;
-- Time at which the move was completed; null before.
ALTER TABLE identity ADD COLUMN moved_at INTEGER;
`;
