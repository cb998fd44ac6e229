/** Schema version 15: detached plans and their cards, without data of cardholders. */
export const PLANS = `
CREATE TABLE plans (
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  -- What was approved, as JSON: never changed.
  facts TEXT NOT NULL,
  state TEXT NOT NULL,
  -- Generation of the journal in which it was approved: a restore ends it.
  generation TEXT NOT NULL,
  -- The action that approved it last.
  approved_act INTEGER NOT NULL,
  -- The last hold before that approval: a later one stops its kiosk.
  last_hold INTEGER NOT NULL,
  -- The open journal of the process that carries it out.
  connection TEXT,
  -- The last sign of life of that process, by its uptime with time in suspend and by the clock of the server, in milliseconds.
  beat_uptime REAL,
  beat_server REAL,
  -- Clocks of the approval and of the last sign of life, executor, cause and error, as JSON.
  progress TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  exit_code INTEGER,
  PRIMARY KEY (environment, id)
);
CREATE INDEX plans_open ON plans (environment) WHERE ended_at IS NULL;

CREATE TABLE plan_cards (
  environment TEXT NOT NULL,
  plan_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  card_token TEXT,
  -- The attempt that was sent for it last.
  attempt_id TEXT,
  -- The card as it was approved, as JSON: never changed.
  record TEXT NOT NULL,
  -- Its result as JSON; null before.
  result TEXT,
  exit_code INTEGER,
  PRIMARY KEY (environment, plan_id, number)
);

CREATE TRIGGER plans_end_once BEFORE UPDATE ON plans WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a plan that ended is never changed'); END;
CREATE TRIGGER plans_keep_their_facts BEFORE UPDATE OF environment, id, facts, generation, created_at ON plans
BEGIN SELECT RAISE(ABORT, 'what was approved is never changed'); END;
CREATE TRIGGER plan_cards_keep_their_facts BEFORE UPDATE OF environment, plan_id, number, card_token, record ON plan_cards
BEGIN SELECT RAISE(ABORT, 'what was approved is never changed'); END;

-- The plan to which an action belongs, and the action of the user who approved it.
ALTER TABLE acts ADD COLUMN plan TEXT;
ALTER TABLE acts ADD COLUMN approval INTEGER;
CREATE TRIGGER acts_keep_their_plan BEFORE UPDATE OF plan, approval ON acts
BEGIN SELECT RAISE(ABORT, 'the beginning of an act is never changed'); END;
`;

/** Text that is sorted by bytes, as in SQLite. */
const TEXT = 'text COLLATE "C"';

const stays = (table: string, columns: readonly string[], what: string) => `
CREATE FUNCTION ${table}_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '${what}';
END $$;
CREATE TRIGGER ${table}_stay BEFORE UPDATE OF ${columns.join(', ')} ON ${table}
  FOR EACH ROW EXECUTE FUNCTION ${table}_stay();`;

/** Schema version 15 in PostgreSQL: detached plans and their cards. See `PLANS` for its columns. */
export const SERVER_PLANS: string = `
CREATE TABLE plans (
  environment ${TEXT} NOT NULL,
  id ${TEXT} NOT NULL,
  facts ${TEXT} NOT NULL,
  state ${TEXT} NOT NULL,
  generation ${TEXT} NOT NULL,
  approved_act bigint NOT NULL,
  last_hold bigint NOT NULL,
  connection ${TEXT},
  beat_uptime double precision,
  beat_server double precision,
  progress ${TEXT} NOT NULL,
  created_at bigint NOT NULL,
  ended_at bigint,
  exit_code bigint,
  PRIMARY KEY (environment, id)
);
CREATE INDEX plans_open ON plans (environment) WHERE ended_at IS NULL;

CREATE TABLE plan_cards (
  environment ${TEXT} NOT NULL,
  plan_id ${TEXT} NOT NULL,
  number bigint NOT NULL,
  card_token ${TEXT},
  attempt_id ${TEXT},
  record ${TEXT} NOT NULL,
  result ${TEXT},
  exit_code bigint,
  PRIMARY KEY (environment, plan_id, number)
);

CREATE FUNCTION plans_end_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.ended_at IS NOT NULL THEN
    RAISE EXCEPTION 'a plan that ended is never changed';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plans_end_once BEFORE UPDATE ON plans FOR EACH ROW EXECUTE FUNCTION plans_end_once();
${stays('plans', ['environment', 'id', 'facts', 'generation', 'created_at'], 'what was approved is never changed')}
${stays('plan_cards', ['environment', 'plan_id', 'number', 'card_token', 'record'], 'what was approved is never changed')}

ALTER TABLE acts ADD COLUMN plan ${TEXT};
ALTER TABLE acts ADD COLUMN approval bigint;
CREATE FUNCTION acts_keep_their_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the beginning of an act is never changed';
END $$;
CREATE TRIGGER acts_keep_their_plan BEFORE UPDATE OF plan, approval ON acts
  FOR EACH ROW EXECUTE FUNCTION acts_keep_their_plan();
-- A plan is approved by the login that writes it, within its action, and has its cards from the beginning. One of another
-- generation of the journal, from a file that is moved here, is never carried out.
CREATE FUNCTION plans_are_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.approved_act = OLD.approved_act THEN
    RETURN NEW;
  END IF;
  IF NEW.generation IN (SELECT generation FROM identity) AND NOT EXISTS (
    SELECT 1 FROM acts WHERE id = NEW.approved_act AND environment = NEW.environment AND act = 'approve'
      AND plan = NEW.id AND ended_at IS NULL AND login = session_user::text) THEN
    RAISE EXCEPTION 'a plan needs an approval of its login';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plans_are_approved BEFORE INSERT OR UPDATE OF approved_act ON plans
  FOR EACH ROW EXECUTE FUNCTION plans_are_approved();
CREATE FUNCTION plan_cards_are_approved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT 1 FROM plans JOIN identity ON identity.generation = plans.generation JOIN acts ON acts.id = plans.approved_act
    WHERE plans.environment = NEW.environment AND plans.id = NEW.plan_id
      AND (acts.ended_at IS NOT NULL OR acts.login IS DISTINCT FROM session_user::text)) THEN
    RAISE EXCEPTION 'a card needs the approval of its plan';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER plan_cards_are_approved BEFORE INSERT ON plan_cards
  FOR EACH ROW EXECUTE FUNCTION plan_cards_are_approved();
`;
