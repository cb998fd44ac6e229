/** Schema version 8: the settle window of each attempt. */
export const SETTLE_WINDOWS = `
-- Its start on clocks that can't be set, and whether it has passed, as JSON.
ALTER TABLE attempts ADD COLUMN settle_window TEXT;
`;
