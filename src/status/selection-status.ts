import { Flags } from '@oclif/core';
import { unseenCard } from '../cards/session/read-card.ts';
import type { CardRequest } from '../cards/session/resolve-cards.ts';
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
import { numberFlag, ROWS } from '../input/flags.ts';
import {
  findInJournal,
  noteEmptyJournal,
  requireKnownKiosks,
  selectFromJournal,
  vendorNow,
} from '../kiosks/kiosk-cards.ts';
import { type StatusOptions, type StatusResult, status, toStatusResult } from './status.ts';

/** The flags of `status`, except those that select cards. */
export const statusFlags = {
  cached: Flags.boolean({
    summary: 'Show the records of the journal, without a request to the API.',
    exclusive: ['watch'],
  }),
  watch: Flags.boolean({ summary: 'Watch until every card has reached a final state.' }),
  'from-api': Flags.boolean({
    summary:
      "Read the profile's orders from the API, show their kiosk cards, and record them in the journal.",
    exclusive: ['cached'],
  }),
  history: Flags.boolean({ summary: 'Show all attempts of the journal.' }),
  limit: numberFlag({
    ...ROWS,
    summary: 'Maximum number of cards of the journal (default 100 without a filter).',
    exclusive: ['from-api'],
  }),
  'exit-status': Flags.boolean({ summary: 'Set the exit code by the stage of the cards.' }),
};

type ResultOptions = Omit<StatusOptions, 'targets'>;

/** The cards whose status is requested. */
interface StatusChoice {
  /** Cards from the arguments or the API; null to select cards of the journal. */
  targets: readonly CardRequest[] | null;
  /** Filter for the journal; null for unfinished cards and those that changed in the last day. */
  selection: Selection | null;
  /**
   * Maximum number of cards from the journal, most urgent first. Default: 100 without a filter, otherwise unlimited.
   */
  limit?: number | null;
  /** True to read only the journal, not the API. */
  isCached: boolean;
}

/** The chosen cards, and the number of all that match. */
interface Chosen<One> {
  chosen: One[];
  total: number;
}

/** Returns the status of the chosen cards. @throws Failure `usage` for an unknown kiosk */
export async function chosenStatus(
  ctx: Context,
  { targets, selection, isCached, limit }: StatusChoice,
  options: ResultOptions,
): Promise<Chosen<StatusResult>> {
  if (targets) {
    const results = await (isCached
      ? cachedStatusOf(ctx, targets, options)
      : status(ctx, { ...options, targets }));
    return allOf(selection && !isCached ? fitting(results, selection) : results);
  }
  const journal = await ofJournal(ctx, selection, limit);
  if (!isCached) return statusOfSelected(ctx, journal, options);
  const { chosen, total } = limited(await selectCards(ctx, journal.selection), journal.limit);
  return { chosen: await Promise.all(chosen.map(async (one) => cachedStatus(ctx, one, options))), total };
}

/** Returns the chosen cards without reading them from the API. @throws Failure `usage` for an unknown kiosk */
export async function chosenTargets(
  ctx: Context,
  { targets, selection, limit }: Omit<StatusChoice, 'isCached'>,
): Promise<Chosen<CardRequest>> {
  if (targets && selection) {
    const results = await status(ctx, { targets, history: false, exitStatus: false });
    return allOf(fitting(results, selection).map(({ card }) => identityOf(card)));
  }
  if (targets) return allOf([...targets]);
  const journal = await ofJournal(ctx, selection, limit);
  const { chosen, total } = limited(await selectCards(ctx, journal.selection), journal.limit);
  return { chosen: chosen.map(({ card }) => identityOf(card)), total };
}

function allOf<One>(chosen: One[]): Chosen<One> {
  return { chosen, total: chosen.length };
}

function limited<One>(all: readonly One[], limit: number | null): Chosen<One> {
  return { chosen: all.slice(0, limit ?? all.length), total: all.length };
}

/** A filter for the journal, with the maximum number of cards. */
interface JournalChoice {
  selection: Selection;
  limit: number | null;
}

const DAY_MS = 86_400_000;

/** Default maximum number of cards without a filter. */
const MOST_CARDS = 100;

/** Returns the user's filter; by default, unfinished cards and those that changed in the last day. */
async function ofJournal(
  ctx: Context,
  selection: Selection | null,
  limit: number | null = null,
): Promise<JournalChoice> {
  if (selection) return { selection, limit };
  const currentSince = (await vendorNow(ctx)) - DAY_MS;
  return { selection: { currentSince }, limit: limit ?? MOST_CARDS };
}

/**
 * Returns the cards of the journal that match a filter, most urgent first.
 * @throws Failure `usage` for an unknown kiosk
 */
async function selectCards(
  ctx: Context,
  selection: Selection,
  isUnfinished = isOfUnfinished(selection),
): Promise<JournalCard[]> {
  await requireKnownKiosks(ctx, selection.kioskIds ?? []);
  const selected = await selectFromJournal(ctx, selection, { isUnfinished });
  if (selection.currentSince === undefined) await noteEmptyJournal(ctx, selected.length);
  return selected.toSorted(byUrgency);
}

/** True if the card was in a kiosk at the last read: its production may have failed since, unnoticed. */
function mayHaveMoved({ card }: JournalCard): boolean {
  return card.stage === 'in-progress' || card.stage === 'unknown';
}

/**
 * Reads the selected cards from the API. If the user set a filter, omits cards that no longer match it. Cards that
 * can't be read are never omitted.
 */
async function statusOfSelected(
  ctx: Context,
  { selection, limit }: JournalChoice,
  options: ResultOptions,
): Promise<Chosen<StatusResult>> {
  const { currentSince, ...wanted } = selection;
  const { kioskIds, ...criteria } = wanted;
  const place = { ...(kioskIds && { kioskIds }), ...(currentSince !== undefined && { currentSince }) };
  const there = await selectCards(ctx, place, isOfUnfinished(selection));
  const candidates = there.filter((one) => isSelected(one, criteria) || mayHaveMoved(one));
  const { chosen: selected, total } = limited(candidates, limit);
  const results = await status(ctx, { ...options, targets: selected.map(({ card }) => identityOf(card)) });
  const seen = results.map((result, index) => ({ result, one: asSeen(result, selected[index]) }));
  const fits = seen.filter(({ result, one }) => result.error !== undefined || isSelected(one, wanted));
  const gone = seen.filter(({ one }, index) => {
    const before = selected[index];
    return before && isSelected(before, criteria) && !isSelected(one, wanted);
  }).length;
  if (gone > 0) ctx.report.note(`Cards that no longer match, according to the API: ${gone}.`);
  const chosen = fits.toSorted((left, right) => byUrgency(left.one, right.one)).map(({ result }) => result);
  return { chosen, total: total - (seen.length - fits.length) };
}

/** Removes cards that no longer match a filter. Unreadable cards stay. */
function fitting(results: StatusResult[], selection: Selection): StatusResult[] {
  return results.filter(
    (result) => result.error !== undefined || isSelected(asSeen(result, undefined), selection),
  );
}

/** Returns the status of named cards from the journal, without the API. */
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

/** Combines the result of reading a card with the data that only the journal has. */
function asSeen({ card, latest }: StatusResult, before: JournalCard | undefined): JournalCard {
  const moved = parseVendorTime(card.production?.occurredAt ?? null)?.milliseconds;
  return {
    card,
    attempt: latest,
    changedAt: moved ?? before?.changedAt ?? null,
    createdAt: before?.createdAt ?? null,
  };
}
