/** Scripts that fail or leave a trace when they run twice. */
export const COUNTER = [
  'CREATE TABLE counter (n INTEGER NOT NULL); INSERT INTO counter VALUES (0); CREATE TABLE runs (script INTEGER); INSERT INTO runs VALUES (1);',
  'ALTER TABLE counter ADD COLUMN label TEXT; INSERT INTO runs VALUES (2);',
] as const;
