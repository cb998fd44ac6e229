import type { Context } from '../context/context.ts';
import { coverageFor } from '../context/listener-state.ts';
import type { ActionRecord } from '../domain/action.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { formatReference, type KioskId, type Reference } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { type CardIds, completeReference } from '../events/list-events.ts';
import type { CardState } from '../journal/journal.ts';
import { type CardStory, type Incident, type IncidentSetup, makeIncident } from './incident.ts';
import type { Privacy } from './redact-incident.ts';

/** The subject of an incident report (cards or a kiosk) and its time range. */
export interface IncidentQuery {
  subject: { cards: readonly Reference[] } | { kioskId: KioskId };
  /** Start of the time range, in milliseconds since the epoch; null for no limit. */
  since: number | null;
  /** End of the time range (exclusive), in milliseconds since the epoch; null for now. */
  until: number | null;
}

interface IncidentOptions {
  setup: IncidentSetup;
  privacy: Privacy;
}

/**
 * Collects the data of an incident from the journal, without the API.
 * @throws Failure `not-found` if the journal has no data
 */
export async function gatherIncident(
  ctx: Context,
  query: IncidentQuery,
  options: IncidentOptions,
): Promise<Incident> {
  const span = { since: query.since, until: query.until ?? ctx.calendar.now() + 1 };
  const kioskId = 'kioskId' in query.subject ? query.subject.kioskId : null;
  const cards = await storiesOf(ctx, query.subject, span);
  const acts = await actionsOn(ctx, { cards, kioskId, ...span });
  const facts = {
    ...span,
    kioskId,
    setup: options.setup,
    coverage: await coverageFor(ctx, query),
    clockOffset: await ctx.journal.clockOffset(),
    cards,
    acts,
  };
  const incident = makeIncident(facts, options.privacy);
  if (incident.timeline.length === 0) throw notFound(ctx, query);
  warnOfMissing(ctx, cards, acts);
  return incident;
}

interface Span {
  since: number | null;
  until: number;
}

async function storiesOf(ctx: Context, subject: IncidentQuery['subject'], span: Span): Promise<CardStory[]> {
  const named = 'kioskId' in subject ? await cardsAt(ctx, subject.kioskId, span) : subject.cards;
  const states = await ctx.journal.listCardStates({});
  const stories: CardStory[] = [];
  for (const reference of named) {
    const card = await completeReference(ctx, reference);
    const state = states.find((one) => isSame(one, card));
    stories.push(await storyOf(ctx, card, { state, span, profileId: reference.profileId }));
  }
  return stories;
}

async function cardsAt(ctx: Context, kioskId: KioskId, { since, until }: Span): Promise<Reference[]> {
  const tokens = await ctx.journal.listCardsAt(kioskId, { since: since ?? 0, until });
  return tokens.map((cardToken) => ({ profileId: null, cardToken, orderId: null }));
}

async function storyOf(
  ctx: Context,
  card: CardIds,
  { state, span, profileId }: { state: CardState | undefined; span: Span; profileId: number | null },
): Promise<CardStory> {
  const { since, until } = span;
  const { cardToken } = card;
  const filter = { card, until, ...(since !== null && { since }) };
  const events = (await ctx.journal.listEvents(filter)).filter(({ isTest }) => !isTest);
  return {
    ...card,
    profileId: state?.profileId ?? profileId ?? events.find((event) => event.profileId)?.profileId ?? null,
    orderStatus: state?.orderStatus ?? null,
    production: state?.production ?? null,
    attempts: cardToken === null ? [] : await ctx.journal.listAttempts(cardToken),
    events,
  };
}

/** Lists the actions of an incident. One query for all cards is faster than one per card. */
async function actionsOn(
  ctx: Context,
  { cards, kioskId, since, until }: Span & { cards: readonly CardStory[]; kioskId: KioskId | null },
): Promise<ActionRecord[]> {
  const tokens = new Set(cards.flatMap(({ cardToken }) => cardToken ?? []));
  const orders = new Set(cards.flatMap(({ orderId }) => orderId ?? []));
  const acts = await ctx.journal.listActions({ until, ...(since !== null && { since }) });
  return acts.filter(
    (action) =>
      (action.cardToken !== null && tokens.has(action.cardToken)) ||
      (action.orderId !== null && orders.has(action.orderId)) ||
      (kioskId !== null && action.kioskId === kioskId),
  );
}

/** Warns about cards without data in the bundle. */
function warnOfMissing(ctx: Context, cards: readonly CardStory[], acts: readonly ActionRecord[]): void {
  for (const card of cards) {
    const isKnown =
      card.events.length + card.attempts.length > 0 || acts.some((action) => isSame(action, card));
    if (!isKnown) ctx.report.warn(`The journal has no records of ${formatReference(card)} in this period.`);
  }
}

function isSame(state: CardIds, { cardToken, orderId }: CardIds): boolean {
  return cardToken === null ? state.orderId === orderId : state.cardToken === cardToken;
}

const WEEK_MS = 7 * 86_400_000;

function notFound(ctx: Context, { subject, since }: IncidentQuery): Failure {
  if ('kioskId' in subject) {
    // Suggests at most 60 days, the time in which a card can be produced.
    const further = ctx.calendar.now() - (since ?? 0) < WEEK_MS ? '7d' : '60d';
    const words = ['incident', '--kiosk', subject.kioskId, '--since', further];
    const message = `The journal has no records of kiosk ${subject.kioskId} in this period.`;
    return failure(
      'not-found',
      message,
      `Check the id, or try a longer period: ${commandLine(words, ctx.invocation)}`,
    );
  }
  const names = subject.cards.map(formatReference);
  const message = `The journal has no records of ${names.join(', ')}${since === null ? '' : ' in this period'}.`;
  if (since !== null) {
    const hint = `Leave out the period: ${commandLine(['incident', ...names], ctx.invocation)}`;
    return failure('not-found', message, hint);
  }
  const ask = commandLine(['status', ...names, '--history'], ctx.invocation);
  return failure(
    'not-found',
    message,
    `An incident has only records of this journal. Fetch the card from the API: ${ask}`,
  );
}
