import { listHolds } from '../cards/session/hold-check.ts';
import type { Reading } from '../context/clocks.ts';
import type { Context } from '../context/context.ts';
import type { Covered } from '../context/coverage.ts';
import { leaseOnKiosk } from '../context/leases.ts';
import { readCovered } from '../context/listener-state.ts';
import { poll } from '../context/poll.ts';
import type { KioskId } from '../domain/ids.ts';
import { type JournalCard, kioskOf } from '../domain/selection.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { KnownKiosk, Lease } from '../journal/journal.ts';
import { mergeKiosks, requireKnownKiosks, selectFromJournal, vendorNow } from './kiosk-cards.ts';
import {
  countDays,
  type KioskFacts,
  type KioskOverview,
  overviewOf,
  toCurrentHold,
} from './kiosk-summary.ts';

/** The state of kiosks in the journal, without reading the API. */
export interface Overview {
  kiosks: KioskOverview[];
  /** All unfinished cards of the journal. */
  cards: readonly JournalCard[];
  /** Time of Wise's clock, in milliseconds since the epoch. */
  now: number;
  /** Numbers of the cards that were never sent to a kiosk. */
  withoutKiosk: { expiringSoon: number; expired: number };
  /** Times in which a webhook listener was running. Changes at other times are known only from commands. */
  covered: Covered;
  /** Flags that select the context, for commands in hints. */
  flags: readonly string[];
}

/**
 * Summarizes kiosks of the journal and the context.
 * @param wanted kiosk ids; empty for all
 * @throws Failure `usage` for an unknown kiosk
 */
export async function overview(ctx: Context, wanted: readonly KioskId[]): Promise<Overview> {
  await requireKnownKiosks(ctx, wanted);
  const cards = await selectFromJournal(ctx, {}, { isUnfinished: true });
  return summarize(ctx, { cards, kiosks: await ctx.journal.listKiosks() }, wanted);
}

/**
 * Summarizes kiosks from their unfinished cards.
 * @param known the cards and kiosks of the journal
 * @param wanted kiosk ids; empty for all
 */
export async function summarize(
  ctx: Context,
  known: { cards: readonly JournalCard[]; kiosks: readonly KnownKiosk[] },
  wanted: readonly KioskId[],
): Promise<Overview> {
  const { cards, kiosks: seen } = known;
  const [holds, leases] = [await listHolds(ctx), await ctx.journal.listLeases()];
  const now = ctx.calendar.now();
  const produced = new Map(seen.map(({ kioskId, lastProducedAt }) => [kioskId, lastProducedAt]));
  const shown = wanted.length > 0 ? [...new Set(wanted)] : mergeKiosks(ctx, [...seen, ...holds]);
  const facts = shown.map((kioskId) => ({
    kioskId,
    inContext: ctx.kiosks.includes(kioskId),
    hold: toCurrentHold(
      holds.find((hold) => hold.kioskId === kioskId),
      now,
    ),
    busy: toBusy(leases.find(({ subject, isRunning }) => isRunning && subject === leaseOnKiosk(kioskId))),
    lastProducedAt: utcTime(produced.get(kioskId) ?? null),
  }));
  return {
    kiosks: overviewOf(facts, cards),
    cards,
    now: await vendorNow(ctx),
    withoutKiosk: countDays(cards.filter((one) => kioskOf(one) === null)),
    covered: await readCovered(ctx),
    flags: ctx.invocation.flags,
  };
}

/** Pauses between two reads, in milliseconds. Reading a large journal takes a fraction of a second. */
const PACE = { firstPause: 1_000, interval: 1_000 };

/**
 * Reads the journal repeatedly, until a signal or the deadline.
 * @param options `deadline`: null for none; `onRead`: called after each read
 * @param onChange receives the first overview, and then each changed one
 */
export async function watchOverview(
  ctx: Context,
  { wanted, deadline, onRead }: { wanted: readonly KioskId[]; deadline: Reading | null; onRead?: () => void },
  onChange: (seen: Overview) => Promise<void>,
): Promise<void> {
  let shown = '';
  await poll({
    ...ctx,
    timing: PACE,
    deadline,
    read: async () => {
      const seen = await overview(ctx, wanted);
      ctx.signal.throwIfAborted();
      // The coverage changes with every heartbeat, so it is not compared.
      const { kiosks, withoutKiosk } = seen;
      const now = JSON.stringify({ kiosks, withoutKiosk });
      if (now !== shown) {
        shown = now;
        await onChange(seen);
      }
      onRead?.();
    },
    decide: () => 'wait',
  });
}

function toBusy(lease: Lease | undefined): KioskFacts['busy'] {
  if (!lease) return null;
  const { action, owner, takenAt } = lease;
  return { act: action, by: `${owner.user}@${owner.host}`, since: utcTime(takenAt) };
}
