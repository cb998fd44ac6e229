// The JSON documents about events, subscriptions, the embedded sandbox and scenarios.
import * as v from 'valibot';
import { NOTICE_FORMATS } from '../../src/notices/check-notify-file.ts';
import { type CommandDocuments, one } from './document.ts';
import {
  about,
  card,
  coverage,
  deliveryFields,
  diagnostic,
  error,
  event,
  eventFields,
  flag,
  integer,
  integerOrNull,
  optional,
  subscription,
  text,
  textOrNull,
  texts,
} from './fields.ts';

const { verified: _verified, ...received } = eventFields;

/** A notice of a listener about webhooks, with the number of those that are alike. */
const notice = {
  type: v.picklist(['refused', 'not-kept', 'not-forwarded', 'unsigned-test']),
  reason: text,
  count: integer,
  ids: about('Numbers of the events, as far as they are known.', v.array(integer)),
};

/** The line about others that nobody read in time. */
const unshown = {
  type: v.literal('unshown'),
  count: about('Lines that were left out because the reader was too slow.', integer),
};

const ready = {
  type: v.literal('ready'),
  url: about('URL that receives webhooks.', text),
  key: about('Key that verifies them.', text),
  unheardSince: about('End of the last listener.', textOrNull),
};

/** A message of a server, on standard error. */
const log = {
  type: v.literal('log'),
  time: text,
  level: v.picklist(['debug', 'info', 'warning']),
  message: text,
  eventId: optional(about('Number of the event that it is about.', integer)),
  card: optional(about('Card that it is about: PROFILE/TOKEN.', text)),
  traceId: optional(about('Trace id of the request to Wise.', text)),
};

const listener: CommandDocuments = {
  about:
    'One document per line. `ready` is the first one, `end` the last one. `log` is on standard error, one per line, too.',
  kinds: {
    ready,
    event: received,
    'catch-up': {
      type: v.literal('catch-up'),
      since: text,
      looked: about('Number of cards that were read.', integer),
      missed: about('Cards that changed without an event.', v.array(card)),
      skipped: about('Cards without credentials.', v.object({ cards: integer, profiles: integer })),
      failed: about('Number of cards that could not be read.', integer),
    },
    notice,
    unshown,
    log,
    end: {
      type: v.literal('end'),
      kept: integer,
      duplicates: integer,
      refused: integer,
      notKept: integer,
      notForwarded: integer,
    },
  },
};

const subscriptions = about('The subscriptions.', v.array(subscription));

const scenario = v.object({
  name: text,
  description: textOrNull,
  needsSandbox: flag,
  steps: about('The most steps of a card.', integer),
  variables: v.array(
    v.object({
      name: text,
      description: textOrNull,
      required: flag,
      default: v.unknown(),
      local: optional(about('Default in the embedded sandbox.', v.unknown())),
    }),
  ),
});

const fault = v.objectWithRest({ kind: v.picklist(['answer', 'produce', 'outcome']) }, v.unknown());

export const WEBHOOK_DOCUMENTS: Readonly<Record<string, CommandDocuments>> = {
  listen: listener,
  serve: {
    ...listener,
    kinds: { ...listener.kinds, ready: { ...ready, adminUrl: about('URL of the admin port.', text) } },
  },
  'notify test': one('The answer of the target.', {
    target: text,
    format: v.picklist(NOTICE_FORMATS),
    noticeId: about('Id of the test notice.', text),
    httpStatus: integer,
  }),
  'events list': one('Events of the journal, and the periods in which a listener ran.', {
    events: about('The events, oldest first.', v.array(event)),
    coverage: about('Periods in which a listener ran.', coverage),
    total: integer,
    hasMore: flag,
  }),
  'events show': one('An event with its body.', {
    event: v.object({ ...deliveryFields, body: about('The body as text.', text) }),
  }),
  'events tail': {
    about: 'One event per line.',
    kinds: {
      event: eventFields,
      unshown,
    },
  },
  'events export': one('One event per line, with its body and signature.', deliveryFields),
  'events import': one('The number of lines by their result.', {
    lines: integer,
    kept: about('Events that were stored.', integer),
    hints: about('Events without a signature that were stored as hints.', integer),
    duplicates: integer,
    refused: integer,
    refusals: about('The first refused lines.', v.array(v.object({ line: integer, reason: text }))),
  }),
  'events prune': one('The number of events that were deleted.', {
    pruned: integer,
    before: about('Events that arrived before this time were deleted.', text),
  }),
  'events replay': one('The events that were sent.', {
    replayed: v.array(
      v.object({
        id: integer,
        outcome: v.picklist(['done', 'failed', 'refused', 'not-started']),
        httpStatus: integerOrNull,
        exitCode: integerOrNull,
        error: optional(error),
      }),
    ),
  }),
  'events verify': one('The result of the verification.', {
    valid: flag,
    key: about('The key that was used.', text),
    bytes: about('Length of the body.', integer),
  }),
  'webhooks create': one('The subscriptions for the URL.', {
    subscriptions,
    changed: about('False if all of them existed.', flag),
  }),
  'webhooks list': one('The subscriptions of the application.', { subscriptions }),
  'webhooks delete': one('The deleted subscription.', { subscriptionId: text, deleted: v.literal(true) }),
  'webhooks test': one('The test notifications that Wise sends.', {
    subscriptionId: text,
    deliveryIds: texts,
  }),
  sandbox: {
    about: 'One document, when the sandbox is ready. `log` is on standard error, one per line.',
    kinds: {
      document: {
        type: v.literal('ready'),
        url: text,
        token: about('Access token that it accepts.', text),
        publicKey: about('Key that verifies its webhooks, in PEM.', text),
        profiles: v.array(integer),
        kiosks: texts,
      },
      log,
    },
  },
  'sandbox reset': one('The sandbox is as new.', { reset: v.literal(true) }),
  'sandbox advance': one('The new time of the sandbox.', { now: text }),
  'sandbox fault': one('The faults that are set.', {
    faults: about('As in the requests of the control API, see sandbox.md.', v.array(fault)),
  }),
  'sandbox requirement': one('The requirement with its new status.', {
    profileId: integer,
    type: text,
    status: text,
  }),
  'scenario list': one('The built-in scenarios.', { scenarios: v.array(scenario) }),
  'scenario show': one('The text of a built-in scenario.', { name: text, content: text }),
  'scenario check': one('The mistakes of a scenario and its data.', {
    file: text,
    valid: flag,
    scenario: about('null if it could not be read.', v.nullable(scenario)),
    mistakes: v.array(diagnostic),
    data: about(
      'With --data: the rows.',
      v.nullable(
        v.object({
          file: text,
          rows: integer,
          mistakes: v.array(v.object({ line: integer, message: text })),
        }),
      ),
    ),
  }),
  'scenario schema': one('The JSON Schema of scenario files.', { schema: v.objectWithRest({}, v.unknown()) }),
};
