import { unseenCard } from '../cards/session/read-card.ts';
import type { CardRequest } from '../cards/session/resolve-cards.ts';
import {
  knownCards,
  type StatusOptions,
  type StatusResult,
  status,
  toStatusResult,
} from '../cards/status.ts';
import type { Context } from '../context/context.ts';
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
import { findInJournal, noteEmptyJournal, requireKnownKiosks, selectFromJournal } from './kiosk-cards.ts';

type ResultOptions = Omit<StatusOptions, 'targets'>;

/** A filter for the cards to read. */
interface StatusChoice {
  /** The named cards, or those of the API; null for those of the journal. */
  targets: readonly CardRequest[] | null;
  /** null for all cards of the journal. */
  selection: Selection | null;
  /** True to use the journal only, without the API. */
  isCached: boolean;
}

/** Returns the status of the chosen cards. @throws Failure `usage` for a kiosk that nothing knows */
export async function chosenStatus(
  ctx: Context,
  { targets, selection, isCached }: StatusChoice,
  options: ResultOptions,
): Promise<StatusResult[]> {
  if (targets && isCached) return cachedStatusOf(ctx, targets, options);
  if (targets) {
    const results = await status(ctx, { ...options, targets });
    return selection ? fitting(results, selection) : results;
  }
  if (isCached) {
    const selected = await selectCards(ctx, selection ?? {});
    return Promise.all(selected.map(async (one) => cachedStatus(ctx, one, options)));
  }
  if (selection) return statusOfSelected(ctx, selection, options);
  return status(ctx, { ...options, targets: await knownCards(ctx) });
}

/** Returns the chosen cards. @throws Failure `usage` for a kiosk that nothing knows */
export async function chosenTargets(
  ctx: Context,
  { targets, selection }: Omit<StatusChoice, 'isCached'>,
): Promise<readonly CardRequest[]> {
  if (targets && selection) {
    const results = await status(ctx, { targets, history: false, exitStatus: false });
    return fitting(results, selection).map(({ card }) => identityOf(card));
  }
  if (targets) return targets;
  return selection
    ? (await selectCards(ctx, selection)).map(({ card }) => identityOf(card))
    : knownCards(ctx);
}

/**
 * Returns the cards of the journal that a selection matches, the most urgent first.
 * @throws Failure `usage` for a kiosk that nothing knows
 */
async function selectCards(
  ctx: Context,
  selection: Selection,
  isUnfinished = isOfUnfinished(selection),
): Promise<JournalCard[]> {
  await requireKnownKiosks(ctx, selection.kioskIds ?? []);
  const selected = await selectFromJournal(ctx, selection, { isUnfinished });
  await noteEmptyJournal(ctx, selected.length);
  return selected.toSorted(byUrgency);
}

/** True if the card was in its kiosk when it was read last: it may have failed since, without an event. */
function mayHaveMoved({ card }: JournalCard): boolean {
  return card.stage === 'in-progress' || card.stage === 'unknown';
}

/**
 * Reads the cards of a selection from the API. Cards that changed meanwhile and no longer match are left out, unless they
 * can't be read.
 */
async function statusOfSelected(
  ctx: Context,
  selection: Selection,
  options: ResultOptions,
): Promise<StatusResult[]> {
  const { kioskIds, ...criteria } = selection;
  const there = await selectCards(ctx, { ...(kioskIds && { kioskIds }) }, isOfUnfinished(selection));
  const selected = there.filter((one) => isSelected(one, criteria) || mayHaveMoved(one));
  const results = await status(ctx, { ...options, targets: selected.map(({ card }) => identityOf(card)) });
  const seen = results.map((result, index) => ({ result, one: asSeen(result, selected[index]) }));
  const fitting = seen.filter(({ result, one }) => result.error !== undefined || isSelected(one, selection));
  const gone = seen.filter(({ one }, index) => {
    const before = selected[index];
    return before && isSelected(before, criteria) && !isSelected(one, selection);
  }).length;
  if (gone > 0) ctx.report.note(`Cards that no longer match, according to the API: ${gone}.`);
  return fitting.toSorted((left, right) => byUrgency(left.one, right.one)).map(({ result }) => result);
}

/** Leaves out cards that no longer match a selection. Cards that can't be read stay. */
function fitting(results: StatusResult[], selection: Selection): StatusResult[] {
  return results.filter(
    (result) => result.error !== undefined || isSelected(asSeen(result, undefined), selection),
  );
}

/** Returns the status of named cards from the journal alone. */
async function cachedStatusOf(
  ctx: Context,
  targets: readonly CardRequest[],
  options: ResultOptions,
): Promise<StatusResult[]> {
  return Promise.all(
    targets.map(async (target): Promise<StatusResult> => {
      const card = unseenCard(ctx, target);
      if (target.passedOn) return { card, outcome: 'skipped', ...target.passedOn, latest: null };
      const known = await findInJournal(ctx, target);
      if (known) return cachedStatus(ctx, known, options);
      const failure = unknownToJournal(ctx, target);
      const { exitCode } = failure;
      return { card, outcome: 'refused', exitCode, error: failure.toDocument(), latest: null };
    }),
  );
}

async function cachedStatus(
  ctx: Context,
  { card, attempt }: JournalCard,
  options: ResultOptions,
): Promise<StatusResult> {
  return toStatusResult(ctx, { card, outcome: 'done', exitCode: 0, latest: attempt }, options);
}

function unknownToJournal({ invocation }: Context, target: CardRequest): Failure {
  const reference = formatReference(target);
  return failure(
    'not-found',
    `The journal does not know card ${reference}.`,
    `Fetch it from the API: ${commandLine(['status', reference], invocation)}`,
  );
}

/** Returns a card after a read, with the data of the journal that the read did not show. */
function asSeen({ card, latest }: StatusResult, before: JournalCard | undefined): JournalCard {
  const moved = parseVendorTime(card.production?.occurredAt ?? null)?.milliseconds;
  return { card, attempt: latest, changedAt: moved ?? before?.changedAt ?? null };
}
