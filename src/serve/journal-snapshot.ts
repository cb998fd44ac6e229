import type { Context } from '../context/context.ts';
import { findLastEventAt } from '../context/listener-state.ts';
import { inTurns } from '../context/turns.ts';
import { failureOf, isUncertain, type JournalCard, kioskOf } from '../domain/selection.ts';
import { selectFromJournal, vendorNow } from '../kiosks/kiosk-cards.ts';
import { isStuck, STUCK_MS } from '../notices/problem.ts';
import { Counter, type Sample } from './exposition.ts';
import { labelsOf, type Outbox } from './outbox.ts';

/** Reads the metrics of the state of the journal, in steps of a few milliseconds. */
export async function readSnapshot(ctx: Context, outbox: Outbox) {
  const cards = new CardCounts(await vendorNow(ctx));
  await inTurns(await selectFromJournal(ctx, {}, { isUnfinished: true }), (card) => cards.add(card));
  const lastEventAt = await findLastEventAt(ctx);
  const targets = await outbox.count();
  return {
    last_event_timestamp_seconds: lastEventAt === null ? [] : [{ value: lastEventAt / 1_000 }],
    outbox_waiting: targets.map((one) => ({ labels: labelsOf(one), value: one.waiting })),
    outbox_oldest_seconds: targets.map((one) => ({ labels: labelsOf(one), value: one.age / 1_000 })),
    ...cards.samples,
  } satisfies Record<string, Sample[]>;
}

/** Upper bounds of the days left, and their labels. */
const DAYS = [
  [1, '0-1'],
  [3, '2-3'],
  [7, '4-7'],
  [Number.POSITIVE_INFINITY, '8+'],
] as const;

/** Counts unfinished cards for the metrics. */
class CardCounts {
  readonly #now: number;
  readonly #cards = new Counter();
  readonly #failed = new Counter();
  readonly #stuck = new Counter();
  readonly #days = new Counter();
  #unknown = 0;

  /** @param now Wise's clock, in milliseconds since the epoch */
  constructor(now: number) {
    this.#now = now;
  }

  add(one: JournalCard): void {
    const { stage } = one.card;
    const kiosk = kioskOf(one) ?? '';
    const failure = failureOf(one);
    this.#cards.add({ kiosk, stage });
    if (failure) this.#failed.add({ kiosk, code: failure.errorCode ?? '' });
    if (isStuck(one, { now: this.#now, stuckAfter: STUCK_MS })) this.#stuck.add({ kiosk });
    this.#days.add({ days: daysOf(one) });
    if (isUncertain(one)) this.#unknown += 1;
  }

  get samples() {
    return {
      cards: this.#cards.samples,
      failed_cards: this.#failed.samples,
      stuck_cards: this.#stuck.samples,
      cards_days_left: this.#days.samples,
      unknown_attempts: [{ value: this.#unknown }],
    } satisfies Record<string, Sample[]>;
  }
}

function daysOf({ card: { stage, daysLeft } }: JournalCard): string {
  if (stage === 'expired') return 'expired';
  return DAYS.find(([most]) => daysLeft !== null && daysLeft <= most)?.[1] ?? 'unknown';
}
