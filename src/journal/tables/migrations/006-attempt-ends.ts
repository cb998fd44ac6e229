/** Schema version 6: HTTP status and failure code of attempts without effect. */
export const ATTEMPT_ENDS = `
ALTER TABLE attempts ADD COLUMN http_status INTEGER;
ALTER TABLE attempts ADD COLUMN end_code TEXT;
`;
