// The parts of the documents about runs of scenarios.
import * as v from 'valibot';
import { ACTORS } from '../../src/domain/errors/vendor-errors.ts';
import { STAGES } from '../../src/domain/stage.ts';
import {
  about,
  card,
  error,
  type Fields,
  flag,
  integer,
  integerOrNull,
  number,
  optional,
  text,
  textByName,
  textOrNull,
  texts,
} from './fields.ts';

const stage = v.picklist(STAGES);

const runFields = {
  id: text,
  scenario: text,
  source: v.variant('kind', [
    v.object({ kind: v.literal('built-in'), name: text }),
    v.object({ kind: v.literal('file'), path: text }),
  ]),
  fingerprint: about('SHA-256 of the scenario.', text),
  data: v.nullable(v.object({ path: text, fingerprint: text })),
  variables: textByName,
  forgottenVariables: about('Variables that are not stored: pass them again to resume the run.', texts),
  kiosks: texts,
  cards: integer,
  concurrency: integer,
  keep: flag,
  context: text,
  flags: about('Flags that select the context and the server.', texts),
  profileId: integerOrNull,
  environment: text,
  reason: textOrNull,
  user: text,
  host: text,
  startedAt: text,
  endedAt: about('null while it runs, and after an interruption.', textOrNull),
  exitCode: integerOrNull,
  sessions: about('Times that it was started or resumed.', integer),
};

export const run = v.object(runFields);
export const listedRun = v.object({ ...runFields, isRunning: v.nullable(flag) });

/** Counts by name, all of them. */
const counts = (...names: string[]) =>
  v.object(Object.fromEntries(names.map((name) => [name, integer])) as Fields);

const CARD_OUTCOMES = ['passed', 'unmet', 'failed', 'interrupted', 'not-started'] as const;
const STEP_OUTCOMES = ['done', 'failed', 'tolerated', 'unmet', 'skipped', 'running'] as const;

export const totals = v.object({
  outcome: v.picklist(['passed', 'unmet', 'failed', 'interrupted', 'unfinished']),
  exitCode: integer,
  cards: counts('total', ...CARD_OUTCOMES),
  steps: counts('total', ...STEP_OUTCOMES),
  stages: about(
    'Times that cards were in a stage.',
    v.array(v.object({ stage, count: integer, medianMs: number, p95Ms: number })),
  ),
  attempts: counts('sent', 'produced', 'failed', 'refused'),
  errors: v.array(
    v.object({
      code: text,
      kind: v.picklist(['request', 'production', 'failure']),
      count: integer,
      tolerated: about('Times after which the scenario continued.', integer),
      meaning: text,
      actor: v.nullable(v.picklist(ACTORS)),
      nextStep: text,
    }),
  ),
  requests: v.object({
    reads: integer,
    sends: integer,
    limited: about('Requests that were answered with 429.', integer),
    perCard: v.nullable(number),
  }),
  cleanUp: about(
    'Orders of the run by the result of cancelling them.',
    counts('orders', 'pending', 'cancelled', 'ended-before', 'failed', 'kept'),
  ),
  freed: v.array(v.object({ profileId: integer, isFreed: v.nullable(flag) })),
  durationMs: number,
});

const step = v.object({
  index: integer,
  kind: text,
  title: text,
  line: integerOrNull,
  outcome: v.picklist(STEP_OUTCOMES),
  exitCode: integerOrNull,
  startedAt: textOrNull,
  endedAt: textOrNull,
  error: optional(error),
  unmet: optional(
    about(
      'Expectations that did not hold.',
      v.array(v.object({ field: text, expected: text, actual: text })),
    ),
  ),
  orderId: integerOrNull,
  cardToken: textOrNull,
  attemptId: optional(text),
});

export const runCard = v.object({
  number: about('Number of the card in the run, from 1.', integer),
  row: about('Line in the data file.', integerOrNull),
  kioskId: textOrNull,
  outcome: v.picklist(CARD_OUTCOMES),
  exitCode: integerOrNull,
  card: v.nullable(card),
  orders: v.array(
    v.object({
      profileId: integer,
      orderId: integer,
      cleanUp: v.nullable(v.picklist(['cancelled', 'ended-before', 'failed', 'kept'])),
    }),
  ),
  stages: v.array(v.object({ stage, at: text })),
  steps: v.array(step),
  startedAt: textOrNull,
  endedAt: textOrNull,
});
