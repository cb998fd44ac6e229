import { unseenCard } from '../cards/session/read-card.ts';
import type { CardRequest } from '../cards/session/resolve-cards.ts';
import { exitStatusOf, knownCards, type StatusOptions, type StatusResult, status } from '../cards/status.ts';
import type { Context } from '../context/context.ts';
import { toAttemptDocument } from '../domain/card.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { formatReference, identityOf } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import {
  byUrgency,
  isOfUnfinished,
  isSelected,
  type JournalCard,
  type Selection,
} from '../domain/selection.ts';
import { parseVendorTime } from '../domain/times/vendor-time.ts';
import { findInJournal, requireKnownKiosks, selectFromJournal } from './kiosk-cards.ts';

type Look = Omit<StatusOptions, 'targets'>;

/** A filter for the cards to read. */
export interface StatusChoice {
  /** Those that were named; null where none were. */
  targets: readonly CardRequest[] | null;
  /** null: all that the journal knows. */
  selection: Selection | null;
  /** True to use the journal only, without the API. */
  isCached: boolean;
}

/** Returns the status of the chosen cards. @throws Failure `usage` for a kiosk that nothing knows */
export async function chosenStatus(
  ctx: Context,
  { targets, selection, isCached }: StatusChoice,
  look: Look,
): Promise<StatusResult[]> {
  if (targets) return isCached ? cachedStatusOf(ctx, targets, look) : status(ctx, { ...look, targets });
  if (isCached) return cachedStatus(ctx, await selectCards(ctx, selection ?? {}), look);
  if (selection) return statusOfSelected(ctx, selection, look);
  return status(ctx, { ...look, targets: await knownCards(ctx) });
}

/** The chosen cards, to be watched. @throws Failure `usage` for a kiosk that nothing knows */
export async function chosenTargets(
  ctx: Context,
  { targets, selection }: Omit<StatusChoice, 'isCached'>,
): Promise<readonly CardRequest[]> {
  if (targets) return targets;
  return selection
    ? (await selectCards(ctx, selection)).map(({ card }) => identityOf(card))
    : knownCards(ctx);
}

/**
 * The journal's cards that a selection matches, the most urgent first.
 * @throws Failure `usage` for a kiosk that nothing knows
 */
async function selectCards(
  ctx: Context,
  selection: Selection,
  isUnfinished = isOfUnfinished(selection),
): Promise<JournalCard[]> {
  await requireKnownKiosks(ctx, selection.kioskIds ?? []);
  const selected = await selectFromJournal(ctx, selection, { isUnfinished });
  return selected.toSorted(byUrgency);
}

/** True if the card was in its kiosk when it was last seen: it may have failed since without an event. */
function mayHaveMoved({ card }: JournalCard): boolean {
  return card.stage === 'in-progress' || card.stage === 'unknown';
}

/**
 * Looks at the cards of a selection at the API. Those that moved on meanwhile and no longer fit are left out; those that
 * can't be read stay.
 */
async function statusOfSelected(ctx: Context, selection: Selection, look: Look): Promise<StatusResult[]> {
  const { kioskIds, ...criteria } = selection;
  const there = await selectCards(ctx, { ...(kioskIds && { kioskIds }) }, isOfUnfinished(selection));
  const selected = there.filter((one) => isSelected(one, criteria) || mayHaveMoved(one));
  const results = await status(ctx, { ...look, targets: selected.map(({ card }) => identityOf(card)) });
  const seen = results.map((result, index) => ({ result, one: asSeen(result, selected[index]) }));
  const fitting = seen.filter(({ result, one }) => result.error !== undefined || isSelected(one, selection));
  const gone = seen.filter(({ one }, index) => {
    const before = selected[index];
    return before && isSelected(before, criteria) && !isSelected(one, selection);
  }).length;
  if (gone > 0) ctx.report.note(`Cards that no longer fit, as the API shows them: ${gone}.`);
  return fitting.toSorted((left, right) => byUrgency(left.one, right.one)).map(({ result }) => result);
}

/** Returns the status of cards from the journal alone. */
async function cachedStatus(
  ctx: Context,
  cards: readonly JournalCard[],
  { history, exitStatus }: Look,
): Promise<StatusResult[]> {
  return Promise.all(
    cards.map(async ({ card, attempt }): Promise<StatusResult> => {
      const exitCode = exitStatus ? exitStatusOf(card, attempt) : 0;
      const result = { card, outcome: 'done' as const, exitCode, latest: attempt };
      if (!history || card.cardToken === null) return result;
      const attempts = await ctx.journal.listAttempts(card.cardToken);
      return { ...result, attempts: attempts.map(toAttemptDocument) };
    }),
  );
}

/** The same of cards that were named: one that the journal doesn't know has failed. */
async function cachedStatusOf(
  ctx: Context,
  targets: readonly CardRequest[],
  look: Look,
): Promise<StatusResult[]> {
  return Promise.all(
    targets.map(async (target): Promise<StatusResult> => {
      const card = unseenCard(ctx, target);
      if (target.passedOn) return { card, outcome: 'skipped', ...target.passedOn, latest: null };
      const one = await findInJournal(ctx, target);
      const [result] = one ? await cachedStatus(ctx, [one], look) : [];
      if (result) return result;
      const failure = notHere(ctx, target);
      const { exitCode } = failure;
      return { card, outcome: 'refused', exitCode, error: failure.toDocument(), latest: null };
    }),
  );
}

function notHere({ invocation }: Context, target: CardRequest): Failure {
  const reference = formatReference(target);
  return failure(
    'not-found',
    `The journal does not know card ${reference}.`,
    `Ask the API: ${commandLine(['status', reference], invocation)}`,
  );
}

/** Returns a card after a read; what the read did not show is as the journal had it. */
function asSeen({ card, latest }: StatusResult, before: JournalCard | undefined): JournalCard {
  const moved = parseVendorTime(card.production?.occurredAt ?? null)?.milliseconds;
  return { card, attempt: latest, changedAt: moved ?? before?.changedAt ?? null };
}
