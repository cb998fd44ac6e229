/** Schema version 4: the process of an action, and triggers that protect recorded actions from changes. */
export const AUDIT_TRAIL = `
-- The process that does it: of an act without an end, it tells whether it goes on or died.
ALTER TABLE acts ADD COLUMN holder_pid INTEGER;
ALTER TABLE acts ADD COLUMN holder_started_at TEXT;

CREATE TRIGGER acts_keep_their_beginning BEFORE UPDATE OF id, environment, context, act, profile_id, reason, selection,
  host, user, started_at, holder_pid, holder_started_at ON acts
BEGIN SELECT RAISE(ABORT, 'the beginning of an act is never changed'); END;
CREATE TRIGGER acts_keep_their_subject BEFORE UPDATE OF card_token, kiosk_id ON acts
WHEN (OLD.card_token IS NOT NULL AND NEW.card_token IS NOT OLD.card_token)
  OR (OLD.kiosk_id IS NOT NULL AND NEW.kiosk_id IS NOT OLD.kiosk_id)
BEGIN SELECT RAISE(ABORT, 'the subject of an act is told once'); END;
-- INSERT OR REPLACE removes a row without a word to the trigger on DELETE.
CREATE TRIGGER acts_are_not_replaced BEFORE INSERT ON acts WHEN EXISTS (SELECT 1 FROM acts WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'acts are never replaced'); END;
`;
