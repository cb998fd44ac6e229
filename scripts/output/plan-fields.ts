// The parts of the documents about detached plans.
import * as v from 'valibot';
import { PLAN_STATES } from '../../src/detached/plan.ts';
import {
  about,
  error,
  type Fields,
  flag,
  integer,
  integerOrNull,
  optional,
  outcome,
  retryResult,
  text,
  textOrNull,
  texts,
} from './fields.ts';

export const detachedPlan = v.object({
  id: text,
  kind: about('The command that made it: kiosk recover or retry.', v.picklist(['recover', 'retry'])),
  state: about(
    'approved: waits for a server. paused: needs runs approve. expired: no server started it in time.',
    v.picklist(PLAN_STATES),
  ),
  context: text,
  kioskIds: texts,
  cards: integer,
  counts: about(
    'Cards by result; left: without one.',
    v.object({ done: integer, failed: integer, left: integer }),
  ),
  approvedBy: about('user@host of the latest approval.', text),
  login: about('Login of the approver to the server of the journal.', textOrNull),
  reason: textOrNull,
  approvedAt: textOrNull,
  approvals: about('Number of approvals.', integer),
  startWithinMs: integer,
  executor: about('user@host of the server that carries it out, or did last.', textOrNull),
  startedAt: textOrNull,
  endedAt: textOrNull,
  exitCode: about('null while it is open; 9 for a plan that was cancelled or expired.', integerOrNull),
  cause: about('Why it paused, was cancelled or expired.', textOrNull),
  error: optional(error),
});

const plannedResult = v.object({
  ...retryResult.entries,
  outcome: about('null for a card that was sent and has no result yet.', v.nullable(outcome)),
});

export const plannedCards: Fields = {
  plan: detachedPlan,
  cards: about('The cards, each with its result so far.', v.array(plannedResult)),
};

export const changedPlan: Fields = {
  plan: detachedPlan,
  changed: about('False if nothing had to change.', flag),
};

export const detachedRetry: Fields = {
  detached: about(
    'With --detach: the plan that a server carries out; null without a card to send.',
    v.nullable(detachedPlan),
  ),
};
