/** Triggers of the audit log, as in SQLite: actions can be added and ended, but not changed or deleted. */
const AUDIT_TRAIL = `
CREATE FUNCTION acts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'acts are never removed';
  END IF;
  IF OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'an act that ended is never changed';
  END IF;
  IF (OLD.id, OLD.environment, OLD.context, OLD.act, OLD.profile_id, OLD.reason, OLD.selection, OLD.host, OLD."user",
      OLD.started_at, OLD.holder_pid, OLD.holder_started_at, OLD.login)
    IS DISTINCT FROM (NEW.id, NEW.environment, NEW.context, NEW.act, NEW.profile_id, NEW.reason, NEW.selection, NEW.host,
      NEW."user", NEW.started_at, NEW.holder_pid, NEW.holder_started_at, NEW.login) THEN
    RAISE EXCEPTION 'the beginning of an act is never changed';
  END IF;
  IF (OLD.card_token IS NOT NULL AND NEW.card_token IS DISTINCT FROM OLD.card_token)
    OR (OLD.kiosk_id IS NOT NULL AND NEW.kiosk_id IS DISTINCT FROM OLD.kiosk_id) THEN
    RAISE EXCEPTION 'the subject of an act is told once';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER acts_stay BEFORE UPDATE OR DELETE ON acts FOR EACH ROW EXECUTE FUNCTION acts_stay();
CREATE TRIGGER acts_are_not_emptied BEFORE TRUNCATE ON acts EXECUTE FUNCTION acts_stay();
`;

/** Triggers of attempts: an attempt ends once, and only claims can be deleted. The number orders the attempts of a card. */
const ATTEMPTS_END_ONCE = `
CREATE FUNCTION attempts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    RAISE EXCEPTION 'attempts are never removed';
  END IF;
  IF TG_OP = 'DELETE' THEN
    IF OLD.outcome <> 'claimed' THEN
      RAISE EXCEPTION 'an attempt that was sent is never removed';
    END IF;
    RETURN OLD;
  END IF;
  IF OLD.closed_at IS NOT NULL AND to_jsonb(OLD) - 'number' <> to_jsonb(NEW) - 'number' THEN
    RAISE EXCEPTION 'an attempt that ended is never changed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER attempts_stay BEFORE UPDATE OR DELETE ON attempts FOR EACH ROW EXECUTE FUNCTION attempts_stay();
CREATE TRIGGER attempts_are_not_emptied BEFORE TRUNCATE ON attempts EXECUTE FUNCTION attempts_stay();
`;

/** Triggers that protect what is recorded. They apply to the owner of the schema as well. */
export const TRIGGERS: string = AUDIT_TRAIL + ATTEMPTS_END_ONCE;

/**
 * Schema version 12 in PostgreSQL: the rate limits that all processes share. Losing them in a crash of the server is
 * harmless. For a journal in a file, they are in another file.
 */
export const SHARED_RATES = `
CREATE UNLOGGED TABLE shared_rates (
  environment text COLLATE "C" NOT NULL,
  -- The client of Wise; empty if it is unknown.
  client text COLLATE "C" NOT NULL,
  rate text COLLATE "C" NOT NULL,
  PRIMARY KEY (environment, client)
);
`;
