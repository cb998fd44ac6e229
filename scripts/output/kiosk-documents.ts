// The JSON documents about kiosks, errors and incidents.
import * as v from 'valibot';
import { OUTCOMES as ATTEMPT_OUTCOMES } from '../../src/domain/attempt.ts';
import { ACTORS } from '../../src/domain/errors/vendor-errors.ts';
import { retryPlan, retrySelection } from './card-documents.ts';
import { type CommandDocuments, one } from './document.ts';
import {
  about,
  advice,
  coverage,
  covered,
  diagnostic,
  type Field,
  type Fields,
  flag,
  hold,
  integer,
  integerOrNull,
  kiosk,
  kioskInDetail,
  number,
  optional,
  page,
  text,
  textOrNull,
  texts,
} from './fields.ts';
import { detachedRetry } from './plan-fields.ts';

const kiosks = {
  kiosks: about('The kiosks of the context and of the journal.', v.array(kiosk)),
  withoutKiosk: about(
    'Cards that were not sent to a kiosk yet.',
    v.object({ expiringSoon: integer, expired: integer }),
  ),
  coverage: about('Periods in which a listener ran.', covered),
};

const kiosksInDetail = {
  ...kiosks,
  kiosks: about('The named kiosks.', v.array(kioskInDetail)),
};

const action = v.object({
  id: integer,
  act: about('The action: order, produce, retry, hold …', text),
  by: about('user@host', text),
  login: about('Login of the PostgreSQL server of the journal; null for a file.', textOrNull),
  context: text,
  startedAt: text,
  endedAt: about('null while it runs, and after its process was killed.', textOrNull),
  outcome: v.picklist(['done', 'failed', 'running', 'died', 'unknown']),
  exitCode: integerOrNull,
  meaning: about('Meaning of the exit code.', textOrNull),
  profileId: integerOrNull,
  orderId: integerOrNull,
  cardToken: textOrNull,
  kioskId: textOrNull,
  attemptId: textOrNull,
  reason: textOrNull,
  selection: about('The flags that selected the cards.', textOrNull),
  correlationId: textOrNull,
  traceId: textOrNull,
  plan: about('Detached plan of the action.', textOrNull),
  approvedBy: about('user@host that approved the plan, if a server acted for it.', textOrNull),
});

const entry = v.object({
  code: text,
  kind: v.picklist(['request', 'production']),
  group: text,
  meaning: text,
  actor: v.picklist(ACTORS),
  retry: advice,
  nextStep: text,
  exitCode: integer,
  documented: about("False for a code that is missing in Wise's documentation.", flag),
  assumption: about("True if the meaning goes beyond Wise's documentation.", flag),
  runbook: optional(page),
});

const reference = { profileId: integerOrNull, orderId: integerOrNull, cardToken: textOrNull };

const incidentCard = v.object({
  ...reference,
  orderStatus: textOrNull,
  production: v.nullable(
    v.object({ status: text, kioskId: textOrNull, occurredAt: textOrNull, errorCode: textOrNull }),
  ),
  attempts: v.array(
    v.object({
      attempt: integer,
      attemptId: text,
      kioskId: textOrNull,
      outcome: v.picklist(ATTEMPT_OUTCOMES),
    }),
  ),
});

const timelineEntry = v.object({
  at: text,
  type: v.picklist(['event', 'attempt', 'act']),
  what: text,
  ...reference,
  kioskId: textOrNull,
  by: textOrNull,
  outcome: textOrNull,
  errorCode: textOrNull,
  exitCode: integerOrNull,
  meaning: textOrNull,
  reason: textOrNull,
  attempt: integerOrNull,
  attemptId: textOrNull,
  correlationId: textOrNull,
  traceId: textOrNull,
  eventId: integerOrNull,
  deliveryId: textOrNull,
  signed: v.nullable(flag),
  occurredAt: textOrNull,
  sentAt: textOrNull,
});

const incident: Field = v.object({
  kioskId: textOrNull,
  since: textOrNull,
  until: text,
  setup: v.object({
    kioskctl: text,
    node: text,
    apiVersion: text,
    journalSchema: integer,
    context: text,
    environment: text,
    apiHost: textOrNull,
    timeoutMs: v.nullable(number),
    intervalMs: number,
    settleWindowMs: number,
  }),
  coverage,
  clockOffsetMs: number,
  cards: v.array(incidentCard),
  errors: v.array(
    v.object({
      kind: v.picklist(['request', 'production']),
      code: text,
      documented: flag,
      meaning: text,
      actor: v.picklist(ACTORS),
      nextStep: text,
    }),
  ),
  timeline: about('Actions, attempts and events, oldest first.', v.array(timelineEntry)),
  notes: about('What the bundle has, and what is left out.', texts),
});

const problems = v.array(diagnostic);

const recovery: Fields = {
  kioskId: text,
  released: about('True if a hold ended.', flag),
  destroyed: about(
    'Rejected cards that were recorded as destroyed; null for an unknown card.',
    v.array(textOrNull),
  ),
};

export const KIOSK_DOCUMENTS: Readonly<Record<string, CommandDocuments>> = {
  'kiosk list': {
    about:
      'The kiosks. With --watch, one such document per change. With KIOSK, the document of `kiosk show`.',
    kinds: { document: kiosks, 'of named kiosks': kiosksInDetail },
  },
  'kiosk show': one(
    'The named kiosks in detail. With --watch, one such document per change.',
    kiosksInDetail,
  ),
  'kiosk hold': one('The hold of the kiosk.', {
    kioskId: text,
    hold: about('The new hold, or the one that existed.', v.nullable(hold)),
    changed: about('False if the kiosk was on hold already.', flag),
    known: about('False if neither the context nor the journal knows the kiosk.', flag),
    reach: about(
      'The journal to which the hold applies.',
      v.object({
        journal: text,
        host: about('Machine of a journal file; null for a journal on a server.', textOrNull),
      }),
    ),
  }),
  'kiosk release': one('The hold that ended.', {
    kioskId: text,
    hold: about('null if the kiosk was not on hold.', v.nullable(hold)),
    changed: flag,
  }),
  'kiosk recover': {
    about:
      'The cards of the kiosk, each with its outcome. With --dry-run, the plan. With --detach, what was handed over.',
    kinds: {
      document: { ...recovery, ...retrySelection },
      detached: { ...recovery, ...retryPlan, ...detachedRetry },
      'dry run': retryPlan,
    },
  },
  log: one('The actions of the journal, newest last.', {
    acts: about('The actions.', v.array(action)),
    total: integer,
    hasMore: flag,
  }),
  incident: {
    about: 'The bundle. With --output, only what was written.',
    kinds: {
      document: { incident },
      file: {
        file: text,
        format: v.picklist(['markdown', 'json']),
        cards: about('Number of cards.', integer),
        entries: about('Number of entries of the timeline.', integer),
      },
    },
  },
  explain: one('The entry of each code; without CODE, all entries.', {
    errors: about("The entries, each with your team's runbook page if there is one.", v.array(entry)),
  }),
  'runbook init': one('The template.', {
    file: about('null if it was not written to a file.', textOrNull),
    content: optional(about('The template, without FILE.', text)),
  }),
  'runbook check': one('The mistakes and warnings of a runbook.', {
    file: text,
    valid: flag,
    codes: about('Number of error codes with a page.', integer),
    mistakes: problems,
    warnings: problems,
  }),
};
