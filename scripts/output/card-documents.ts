// The JSON documents about cards and runs.
import * as v from 'valibot';
import type { CommandDocuments } from './document.ts';
import { one } from './document.ts';
import {
  about,
  card,
  covered,
  error,
  type Fields,
  flag,
  integer,
  listedCard,
  optional,
  result,
  retryResult,
  runResult,
  summary,
  text,
  textOrNull,
} from './fields.ts';
import { changedPlan, detachedPlan, detachedRetry, plannedCards } from './plan-fields.ts';
import { listedRun, run, runCard, totals } from './run-fields.ts';

const changed = optional(about('False if the action was already in effect.', flag));
const via = optional(about('Source that ended the wait: event or api.', v.picklist(['event', 'api'])));
const results = v.array(result);
const counts = about('Number of cards of each outcome.', summary);

/** The document of a command on one card. */
export const ofCard: Fields = { card, changed, via };
/** The document of a command on several cards. */
export const ofCards: Fields = {
  cards: about('The cards, each with its outcome.', results),
  summary: counts,
};

const cached = optional(about('True with --cached: nothing was read from the API.', flag));

/** The fields of a list with --limit. */
const limited: Fields = {
  total: optional(about('Number of all cards.', integer)),
  hasMore: optional(about('True if --limit left cards out.', flag)),
};

const requests = about(
  'Number of requests.',
  v.object({ reads: integer, sends: integer, perCard: v.nullable(v.number()) }),
);

/** The documents of a retry with a selection; `kiosk recover` has them, too. */
export const retrySelection = {
  cards: about('The cards, each with its outcome.', v.array(retryResult)),
  summary: counts,
  beyondLimit: about('Cards above --limit.', integer),
  requests,
  covered: about('Periods in which a listener ran.', covered),
} as const satisfies Fields;

const plannedCard = v.object({
  card,
  turn: about(
    'joined: it is in the kiosk already. again: it failed in this retry before.',
    v.picklist(['joined', 'first', 'again']),
  ),
  failedAt: textOrNull,
  errorCode: text,
  meaning: text,
  retry: text,
  nextStep: text,
});

export const retryPlan: Fields = {
  plan: about(
    'The cards of each kiosk in the order in which they are sent, and those left out.',
    v.object({
      kiosks: v.array(
        v.object({ kioskId: text, expectedSeconds: v.nullable(integer), cards: v.array(plannedCard) }),
      ),
      leftOut: v.array(v.object({ card, kioskId: textOrNull, exitCode: integer, error })),
      beyondLimit: integer,
    }),
  ),
  covered: about('Periods in which a listener ran.', covered),
};

const wait = (goal: string): CommandDocuments => ({
  about: `The card when it ${goal}; of several cards, a list.`,
  kinds: { card: ofCard, cards: ofCards },
});

const address = v.objectWithRest({}, v.unknown());

export const CARD_DOCUMENTS: Readonly<Record<string, CommandDocuments>> = {
  order: {
    about: 'The card of the new order. With --dry-run, the request that would be sent.',
    kinds: {
      card: ofCard,
      'dry run': { profileId: integer, request: about('Body of the request to Wise.', address) },
    },
  },
  'wait-ready': wait('can be produced, or the wait ended'),
  produce: {
    about: 'The card after the request or, with --wait, after its result; of several cards, a list.',
    kinds: { card: ofCard, cards: ofCards },
  },
  'wait-produced': wait('has a result, or the wait ended'),
  status: {
    about: 'The card, or a list of cards. With --watch, one such document per change.',
    kinds: {
      card: { ...ofCard, cached },
      cards: {
        ...ofCards,
        ...limited,
        cached,
        coverage: optional(about('With a filter: periods in which a listener ran.', covered)),
      },
    },
  },
  simulate: {
    about: 'The card with its new result. With --profile-verified, the profile.',
    kinds: {
      card: ofCard,
      cards: ofCards,
      profile: { profileId: integer, verified: v.literal(true) },
    },
  },
  retry: {
    about: 'The card, a list of cards or, with --dry-run, the plan. With --detach, what was handed over.',
    kinds: {
      card: ofCard,
      cards: ofCards,
      selection: retrySelection,
      'dry run': retryPlan,
      detached: { ...retryPlan, ...detachedRetry },
    },
  },
  cancel: {
    about: 'The card of the cancelled order; of several cards, a list.',
    kinds: { card: ofCard, cards: ofCards },
  },
  run: {
    about:
      'The run with its totals and the cards. With --report json=FILE, the file has the document of `runs show`.',
    kinds: {
      document: {
        run: about('The run as it was started.', run),
        totals: about('Counts and times.', totals),
        cards: about('The cards, each with its outcome.', v.array(runResult)),
        summary: counts,
      },
      report: { run, totals, cards: v.array(runCard) },
    },
  },
  'runs list': one('The runs and detached plans of the journal, newest first.', {
    runs: about('The runs as they were started.', v.array(listedRun)),
    plans: about('The detached plans.', v.array(detachedPlan)),
    total: integer,
    hasMore: flag,
  }),
  'runs show': {
    about:
      'A run with its totals, and each card with its steps; or a detached plan with its cards. With --follow, one document per change.',
    kinds: {
      document: {
        run: about('The run as it was started.', run),
        totals: about('Counts and times.', totals),
        cards: about('Each card with its stages and steps.', v.array(runCard)),
      },
      plan: plannedCards,
    },
  },
  'runs cancel': one('The plan after the change.', changedPlan),
  'runs approve': one('The plan after the change.', changedPlan),
  programs: one('The card programs of the profile.', {
    profileId: integer,
    programs: v.array(
      v.object({ name: text, scheme: textOrNull, defaultCurrency: textOrNull, cardType: textOrNull }),
    ),
  }),
  orders: one('The card orders of the profile, newest first.', {
    profileId: integer,
    orders: v.array(
      v.object({
        profileId: integer,
        orderId: integer,
        cardToken: textOrNull,
        orderStatus: text,
        program: textOrNull,
        deliveryOption: textOrNull,
        createdAt: textOrNull,
      }),
    ),
  }),
  cards: one('The cards of the profile. Orders and productions are not read.', {
    profileId: integer,
    cards: v.array(listedCard),
  }),
};
