/** Why attempts ended without effect: the status of the answer, and the stable code of the error. */
export const ATTEMPT_ENDS = `
ALTER TABLE attempts ADD COLUMN http_status INTEGER;
ALTER TABLE attempts ADD COLUMN end_code TEXT;
`;
