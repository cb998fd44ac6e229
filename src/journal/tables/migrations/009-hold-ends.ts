/** Schema version 9: the end of temporary holds. */
export const HOLD_ENDS = `
ALTER TABLE holds ADD COLUMN ends_at INTEGER;
-- The clock of the machine at its start, which nobody sets.
ALTER TABLE holds ADD COLUMN boot TEXT;
ALTER TABLE holds ADD COLUMN uptime INTEGER;
`;
