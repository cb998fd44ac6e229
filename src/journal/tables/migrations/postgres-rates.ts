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
