import type { Context } from '../../context/context.ts';
import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import { ACTOR_NAMES } from '../../domain/errors/vendor-errors.ts';
import type { KeptEvent } from '../../domain/event.ts';
import { type CardToken, formatReference, type NamedCard, shortNames } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import { advise, type Runbook } from '../../domain/runbook.ts';
import {
  failureOf,
  isUncertain,
  type JournalCard,
  kioskOf,
  mostUrgent,
  needsAttention,
} from '../../domain/selection.ts';
import { describeFailures, type KioskOverview, nextWords } from '../../kiosks/kiosk-summary.ts';
import type { Overview } from '../../kiosks/overview.ts';
import { inProgressSince, isStuck, STUCK_MS } from '../../notices/problem.ts';
import { type BoardPlan, listBoardPlans } from './board-plans.ts';

/** The states of a kiosk, most urgent first. A kiosk has the first one that applies. */
const TILE_STATES = ['failed', 'unknown', 'stuck', 'held', 'busy', 'idle'] as const;
export type TileState = (typeof TILE_STATES)[number];

/** The content of a board. Times are milliseconds since the epoch, on the clock of this machine. */
export interface BoardState {
  /** Failing kiosks first. */
  tiles: Tile[];
  /** The most urgent cards that need attention. */
  cards: NeedyCard[];
  /** Number of all such cards. */
  needy: number;
  /** Newest first. */
  events: BoardEvent[];
  webhooks: Webhooks;
  plans: BoardPlan[];
}

export interface Tile extends Pick<KioskOverview, 'kioskId' | 'hold' | 'busy' | 'failed' | 'unknown'> {
  state: TileState;
  inProgress: number;
  stuck: number;
  /** Start of the longest production in progress. */
  runningSince: number | null;
  failedSince: number | null;
  lastProducedAt: number | null;
  expiringSoon: number;
  expired: number;
  failures: TileFailure[];
  /** Complete and shell-quoted, with the environment. */
  command: string;
}

/** Failed cards with one error code. */
export interface TileFailure {
  code: string;
  count: number;
  meaning: string;
  nextStep: string;
  /** The owner in the team's runbook, otherwise the party of the error catalogue. */
  actor: string;
  link: string | null;
  contact: string | null;
}

export interface NeedyCard {
  name: string;
  kioskId: string | null;
  problem: { kind: 'unknown' | 'failed' | 'expired' | 'expiring'; code: string | null };
  daysLeft: number | null;
}

export interface BoardEvent {
  id: number;
  at: number;
  name: string;
  kioskId: string | null;
  eventType: string;
  status: string | null;
  errorCode: string | null;
}

export interface Webhooks {
  isListenedTo: boolean;
  /** Start of the current listener, or end of the last one; null if none has ever run. */
  since: number | null;
  lastEventAt: number | null;
}

/** Number of cards and of events that a board lists. With both, a screen of 1,080 lines is full. */
const CARDS = 7;
const EVENTS = 5;

/** Number of events that are read, because some are not shown. */
const EVENTS_READ = 24;

/** Describes the content of the boards. @param seen the state of the kiosks in the journal */
export async function describeBoard(ctx: Context, seen: Overview): Promise<BoardState> {
  const [offset, events, runbook] = [
    await ctx.journal.clockOffset(),
    await ctx.journal.listEvents({ limit: EVENTS_READ, newestFirst: true }),
    await ctx.runbook(),
  ];
  const shown = events.filter(({ isTest, isVerified }) => isVerified && !isTest).slice(0, EVENTS);
  const needy = seen.cards.filter(needsAttention);
  const listed = mostUrgent(needy, CARDS);
  const nameOf = await namesOf(ctx, [...listed.map(({ card }) => card), ...shown]);
  return {
    tiles: tilesOf(seen, { offset, runbook, environment: ctx.environment }),
    cards: listed.map((one) => toNeedyCard(one, nameOf)),
    needy: needy.length,
    events: shown.map((event) => toBoardEvent(event, nameOf)),
    webhooks: webhooksOf(seen),
    plans: await listBoardPlans(ctx),
  };
}

interface TileOptions {
  /** Milliseconds by which Wise's clock is ahead of ours. */
  offset: number;
  runbook: Runbook;
  environment: string;
}

function tilesOf(seen: Overview, options: TileOptions): Tile[] {
  const byKiosk = Map.groupBy(seen.cards, kioskOf);
  return seen.kiosks
    .map((kiosk) => toTile(kiosk, { ...options, cards: byKiosk.get(kiosk.kioskId) ?? [], now: seen.now }))
    .toSorted((left, right) => TILE_STATES.indexOf(left.state) - TILE_STATES.indexOf(right.state));
}

function toTile(
  kiosk: KioskOverview,
  { cards, now, offset, runbook, environment }: TileOptions & { cards: readonly JournalCard[]; now: number },
): Tile {
  const { kioskId, hold, busy, failed, unknown, inProgress, oldestFailed, expiringSoon, expired } = kiosk;
  // Whole seconds: the clock difference varies by milliseconds, and unchanged tiles are not sent again.
  const ours = (at: number | null) => (at === null ? null : Math.floor((at - offset) / 1_000) * 1_000);
  const running = cards.filter(({ card }) => card.stage === 'in-progress');
  const starts = running.flatMap((one) => inProgressSince(one) ?? []);
  const stuck = running.filter((one) => isStuck(one, { now, stuckAfter: STUCK_MS })).length;
  const flags = ['--environment', environment];
  return {
    kioskId,
    state: stateOf({ failed, unknown, stuck, hold, inProgress }),
    hold: hold && { ...hold, reason: withoutTokens(hold.reason) },
    busy,
    failed,
    unknown,
    inProgress,
    stuck,
    runningSince: starts.length === 0 ? null : ours(Math.min(...starts)),
    failedSince: ours(timeOf(oldestFailed?.failedAt)),
    lastProducedAt: ours(timeOf(kiosk.lastProducedAt)),
    expiringSoon,
    expired,
    failures: describeFailures(cards).map((failure) => toTileFailure(failure, runbook)),
    command: commandLine(nextWords(kiosk) ?? ['kiosk', 'show', kioskId], { flags }),
  };
}

function stateOf({
  failed,
  unknown,
  stuck,
  hold,
  inProgress,
}: Pick<Tile, 'failed' | 'unknown' | 'stuck' | 'hold' | 'inProgress'>): TileState {
  if (failed > 0) return 'failed';
  if (unknown > 0) return 'unknown';
  if (stuck > 0) return 'stuck';
  if (hold) return 'held';
  return inProgress > 0 ? 'busy' : 'idle';
}

function toTileFailure(
  { kind, errorCode, count }: ReturnType<typeof describeFailures>[number],
  runbook: Runbook,
): TileFailure {
  const { code, meaning, nextStep, actor, page } = advise(runbook, lookUpError(kind, errorCode));
  return {
    code: errorCode ?? code,
    count,
    meaning,
    nextStep,
    actor: page?.owner ?? ACTOR_NAMES[actor],
    link: page?.link ?? null,
    contact: page?.contact ?? null,
  };
}

function toNeedyCard(one: JournalCard, nameOf: (card: PartlyNamed) => string): NeedyCard {
  const failure = failureOf(one);
  const { stage, daysLeft } = one.card;
  const other = stage === 'expired' ? ('expired' as const) : ('expiring' as const);
  const kind = isUncertain(one) ? 'unknown' : failure ? 'failed' : other;
  return {
    name: nameOf(one.card),
    kioskId: kioskOf(one),
    problem: { kind, code: failure?.errorCode ?? null },
    daysLeft,
  };
}

function toBoardEvent(event: KeptEvent, nameOf: (card: PartlyNamed) => string): BoardEvent {
  const { id, receivedAt: at, kioskId, eventType, status, errorCode } = event;
  return { id, at, name: nameOf(event), kioskId, eventType, status, errorCode };
}

function webhooksOf({ covered: { coverage, isListenedTo, lastEventAt } }: Overview): Webhooks {
  const latest = coverage.listened.at(-1);
  return { isListenedTo, since: (isListenedTo ? latest?.from : latest?.to) ?? null, lastEventAt };
}

interface PartlyNamed {
  profileId: number | null;
  orderId: number | null;
  cardToken: CardToken | null;
}

/** Reads the short names of cards. @returns a function that never returns more of a token than its first digits need */
async function namesOf(
  { journal }: Context,
  cards: readonly PartlyNamed[],
): Promise<(card: PartlyNamed) => string> {
  const beginnings = cards.flatMap(({ cardToken }) => cardToken?.slice(0, 8) ?? []);
  const known: NamedCard[] = await journal.listCardsByPrefix([...new Set(beginnings)]);
  const names = shortNames(known);
  const profiles = new Map(known.map(({ cardToken, profileId }) => [cardToken, profileId]));
  return ({ profileId, orderId, cardToken }) => {
    const profile = profileId ?? profiles.get(cardToken) ?? null;
    const short = names.get(formatReference({ profileId: profile, cardToken, orderId }));
    return short ?? `${profile ?? '?'}/${orderId ?? cardToken?.slice(0, 8) ?? '?'}`;
  };
}

/** Shortens card tokens in the text of a user. */
function withoutTokens(text: string): string {
  return text.replaceAll(/\b([\da-f]{8})(?:-[\da-f]{4}){3}-[\da-f]{12}\b/gi, '$1…');
}

function timeOf(iso: string | null | undefined): number | null {
  return iso === null || iso === undefined ? null : Date.parse(iso);
}
