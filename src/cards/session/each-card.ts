import pMap from 'p-map';
import type { Context } from '../../context/context.ts';
import { recordAction } from '../../context/record-action.ts';
import type { ActionName } from '../../domain/action.ts';
import { isOpen } from '../../domain/attempt.ts';
import { hintOf } from '../../domain/card.ts';
import { isOfSignal } from '../../domain/errors/exit-codes.ts';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import { type CardIdentity, formatReference, type KioskId } from '../../domain/ids.ts';
import { commandLine } from '../../domain/next-command.ts';
import { type CardResult, isOfJournal, outcomeOf } from '../../domain/results.ts';
import type { CardRequest } from './resolve-cards.ts';
import { CardSession } from './session.ts';

/** Maximum number of cards that are read in parallel. Stays well below the rate limits of Wise. */
export const READS_AT_ONCE = 8;

/** A queue of items that are processed one after another. */
export interface Lane<Item> {
  kiosk: KioskId | null;
  cards: readonly Item[];
}

interface LaneOptions<Item, Result> {
  /** Maximum number of lanes that run in parallel (default: all). */
  concurrency?: number;
  /** Called before each item; true stops the lane. */
  stop?: (lane: Lane<Item>, results: readonly Result[]) => Promise<boolean> | boolean;
}

/**
 * Processes lanes in parallel, and the items of a lane in sequence.
 * @param work returns the result of an item. Is also called for the remaining items of a stopped lane, so that each
 * item has a result
 * @returns the results in the order of the items
 */
export async function forEachInLanes<Item, Result>(
  lanes: Iterable<Lane<Item>>,
  { concurrency = Number.POSITIVE_INFINITY, stop = () => false }: LaneOptions<Item, Result>,
  work: (item: Item, lane: Lane<Item>, isStopped: boolean) => Promise<Result>,
): Promise<Result[]> {
  const runLane = async (lane: Lane<Item>) => {
    const results: Result[] = [];
    let isStopped = false;
    for (const item of lane.cards) {
      isStopped ||= await stop(lane, results);
      results.push(await work(item, lane, isStopped));
    }
    return results;
  };
  return (await pMap(lanes, runLane, { concurrency })).flat();
}

/** Creates a lane per card, so that all cards can be processed in parallel. */
export function sideBySide<Item>(cards: readonly Item[]): Lane<Item>[] {
  return cards.map((card) => ({ kiosk: null, cards: [card] }));
}

interface EachCardOptions<Request extends CardRequest> extends LaneOptions<Request, CardResult> {
  lanes: readonly Lane<Request>[];
  /** True to obtain a token for every profile before the first card. */
  authorizeFirst?: boolean;
  /** Sessions of an earlier call, to reuse. */
  sessions?: ReadonlyMap<Request, CardSession>;
  watcher?: CardWatcher<Request>;
  /** Returns the words of the command to continue with a single card (default: status). */
  command?: (card: CardIdentity) => readonly string[];
}

/** Receives the start and the result of each card. */
export interface CardWatcher<Request extends CardRequest> {
  begin(request: Request, session: CardSession): void;
  end(request: Request, result: CardResult): void;
}

/**
 * Processes cards and returns a result for each. A failed card does not stop the others; cards that are not started
 * (after a signal, or in a stopped lane) also get a result.
 * @param work processes a card. Throws the Failure of the card. An action returns true if it changed something,
 * otherwise false; a read or wait returns nothing
 */
export async function forEachCard<Request extends CardRequest>(
  ctx: Context,
  {
    lanes,
    authorizeFirst = false,
    sessions,
    watcher,
    command = commandOn('status'),
    ...options
  }: EachCardOptions<Request>,
  work: (session: CardSession, request: Request) => Promise<boolean | void>,
): Promise<CardResult[]> {
  const cards = lanes.flatMap((lane) => lane.cards);
  const unauthorized = authorizeFirst ? await findUnauthorized(ctx, cards) : new Map<number, Failure>();
  const sent = new Set<string>();
  let isBroken = false;
  return forEachInLanes(lanes, options, async (request, _, isStopped): Promise<CardResult> => {
    const session = sessions?.get(request) ?? new CardSession(ctx, request, sent);
    if (request.passedOn) return { card: session.card, outcome: 'skipped', ...request.passedOn };
    if (ctx.signal.aborted || isStopped || isBroken)
      return { card: session.card, outcome: 'not-started', exitCode: null };
    const failure = unauthorized.get(request.profileId);
    if (failure) return failed(session, failure);
    watcher?.begin(request, session);
    const { sends } = ctx.wise.used;
    const result = await runOne(
      session,
      async () => ctx.journal.within(session.left, async () => work(session, request)),
      (ending) =>
        afterSignal(ctx, session, {
          ending,
          isSent: ctx.wise.used.sends > sends,
          command: command(session.identity),
        }),
    );
    // Without a journal, nothing is sent or read.
    isBroken ||= result.error !== undefined && isOfJournal(result.error.code);
    watcher?.end(request, result);
    return result;
  });
}

/** Processes one card. @param explain creates the failure of a card that a signal interrupted */
async function runOne(
  session: CardSession,
  work: () => Promise<boolean | void>,
  explain: (ending: Failure) => Failure,
): Promise<CardResult> {
  try {
    const changed = await work();
    const { card } = session;
    if (typeof changed !== 'boolean') return { card, outcome: 'done', exitCode: 0, ...viaOf(session) };
    return { card, outcome: changed ? 'done' : 'unchanged', exitCode: 0, changed, ...viaOf(session) };
  } catch (error) {
    // If the journal is unreadable, the card is shown with the data of the arguments.
    await session.loadFromJournal().catch(() => undefined);
    const failure = asFailure(error);
    return failed(session, isOfSignal(failure.exitCode) ? explain(failure) : failure);
  }
}

interface Interrupted {
  /** The failure that represents the signal. */
  ending: Failure;
  /** True if a request with an effect was sent for the card. */
  isSent: boolean;
  /** Words of the command to continue with the card. */
  command: readonly string[];
}

/** Creates the failure of a card that a signal interrupted. It describes what was sent, and how to continue. */
function afterSignal(ctx: Context, session: CardSession, { ending, isSent, command }: Interrupted): Failure {
  const known = session.explain(ending);
  if (known !== ending) return known;
  const again = commandLine(command, ctx.invocation);
  if (!isSent)
    return failure(
      ending.code,
      `${ending.message} Nothing was sent.`,
      `Run the same command again: ${again}`,
    );
  const { card, latest, isSentByCommand } = session;
  const next = isSentByCommand && isOpen(latest?.facts.attempt ?? null) ? hintOf(card) : again;
  return failure(ending.code, ending.message, `What was sent may still complete. Continue with: ${next}`);
}

/** Performs an action on cards, one after another, and records each in the audit log. */
export async function actOnCards(
  ctx: Context,
  { targets, action, kioskId = null, flags = [] }: ActionOptions,
  act: (session: CardSession) => Promise<boolean>,
): Promise<CardResult[]> {
  const lanes = [{ kiosk: null, cards: targets }];
  const each = { lanes, authorizeFirst: true, command: commandOn(action, flags) };
  return forEachCard(ctx, each, async (session) =>
    recordAction(ctx, { card: session, action, kioskId }, async () => act(session)),
  );
}

interface ActionOptions {
  targets: readonly CardRequest[];
  action: ActionName;
  /** Destination of the cards; null for none, or for the kiosk of their last attempt. */
  kioskId?: KioskId | null;
  /** Flags that repeat the command for a single card. */
  flags?: readonly string[];
}

export function commandOn(word: string, flags: readonly string[] = []) {
  return (card: CardIdentity): string[] => [word, formatReference(card), ...flags];
}

function failed(session: CardSession, failure: Failure): CardResult {
  const { exitCode, code, isRefusal } = failure;
  const error = failure.toDocument();
  // A card that does not exist has no next command.
  const isNowhere = code === 'not-found' && session.latest === null;
  const card = isNowhere ? { ...session.card, next: null, nextArgv: null } : session.card;
  return { card, outcome: outcomeOf(error, exitCode, isRefusal), exitCode, ...viaOf(session), error };
}

function viaOf({ via }: CardSession): Pick<CardResult, 'via'> {
  return via === null ? {} : { via };
}

/** Obtains a token for each profile. @returns the failures, by profile */
export async function findUnauthorized(
  ctx: Context,
  cards: readonly { profileId: number }[],
): Promise<Map<number, Failure>> {
  const refused = new Map<number, Failure>();
  const authorize = async (profileId: number) => {
    try {
      await ctx.authorize(profileId);
    } catch (error) {
      refused.set(profileId, asFailure(error));
    }
  };
  await pMap(new Set(cards.map(({ profileId }) => profileId)), authorize, { concurrency: READS_AT_ONCE });
  return refused;
}
