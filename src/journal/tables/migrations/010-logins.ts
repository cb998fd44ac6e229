/** Schema version 10: the login of a server under which an action was recorded; a file has none. */
export const LOGINS = `
ALTER TABLE acts ADD COLUMN login TEXT;
CREATE TRIGGER acts_keep_their_login BEFORE UPDATE OF login ON acts
BEGIN SELECT RAISE(ABORT, 'the beginning of an act is never changed'); END;
`;
