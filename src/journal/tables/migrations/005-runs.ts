/** Schema version 5: runs and their cards, without data of cardholders. */
export const RUNS = `
CREATE TABLE runs (
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  -- What it was begun with, as JSON: never changed.
  facts TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  exit_code INTEGER,
  sessions INTEGER NOT NULL,
  reads INTEGER NOT NULL,
  sends INTEGER NOT NULL,
  limited INTEGER NOT NULL,
  -- Whether its clean-up freed the places of cards, as JSON.
  freed TEXT NOT NULL,
  PRIMARY KEY (environment, id)
);

CREATE TABLE run_cards (
  environment TEXT NOT NULL,
  run_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  ended_at INTEGER,
  -- Its steps, stages and orders as JSON.
  record TEXT NOT NULL,
  PRIMARY KEY (environment, run_id, number)
);
`;
