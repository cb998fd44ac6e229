import { randomUUID } from 'node:crypto';
import type { Attempt, Outcome } from '../../domain/attempt.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import type { SettleWindow } from '../../domain/times/settle-window.ts';
import { maySend, type PlanSending, planCardSent } from '../servers/plan-cards.ts';
import { lostLease, renewals } from '../store/lease-renewal.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import {
  type AttemptUpdate,
  attemptQuery,
  attemptsIn,
  claimInsertion,
  deleteClaim,
  EMPTY,
  findAttempt,
  findLatestAttempt,
  findOpenAttempt,
  insertAttempt,
  listAttempts,
  moveBehind,
  openAttemptQuery,
  recordWindow,
  takeBack,
  updateStatement,
} from './attempt-rows.ts';
import { hasLease } from './leases.ts';

export type { AttemptUpdate } from './attempt-rows.ts';

/** Input for a new attempt. All times in this file are milliseconds since the epoch. */
export interface Claim {
  profileId: number;
  orderId: number | null;
  cardToken: CardToken;
  kioskId: KioskId | null;
  reason: string | null;
  at: number;
}

/** Data to record immediately before the request is sent. */
export interface Sending {
  kioskId: KioskId;
  orderId: number | null;
  /** The production at the last read. */
  baseline: Production | null;
  correlationId: string;
  settleWindow: SettleWindow;
  /** The plan that the card is sent for; absent for a command. */
  plan?: PlanSending | undefined;
  at: number;
}

/** An attempt of another system, found in Wise's data. */
export interface Observed extends Omit<Claim, 'reason'> {
  outcome: Outcome;
  production: Production;
}

/** Methods for attempts. A card has at most one open attempt. */
export interface AttemptsJournal {
  /** Returns the latest attempt that was sent or observed, ignoring claims. */
  latestAttempt(cardToken: CardToken): Promise<Attempt | null>;
  /** Lists the attempts of a card, oldest first, without claims. */
  listAttempts(cardToken: CardToken): Promise<Attempt[]>;
  /**
   * Claims the next attempt on a card. Requires a lease on the card; the claim ends with the lease.
   * @returns the claim; `claimed` is false if another attempt is open, which is then returned
   * @throws Failure `leased` if the lease was lost
   */
  claim(claim: Claim): Promise<{ attempt: Attempt; claimed: boolean }>;
  /** Deletes a claim for which nothing was sent. */
  release(attempt: Attempt): Promise<void>;
  /**
   * Records that the request is being sent.
   * @returns null if it must not be sent: the claim was lost, the kiosk is on hold, a backup was restored, or this
   * process may not carry out the plan any more
   * @throws Failure `leased` if the lease on the card was lost
   */
  markSent(attempt: Attempt, sent: Sending): Promise<Attempt | null>;
  /**
   * Reverts `markSent` if nothing was sent, so that the attempt is a claim again.
   * @throws Failure `leased` if the lease on the card was lost: another process may have settled the attempt
   */
  takeBack(attempt: Attempt): Promise<void>;
  /**
   * Stores the settle window of an attempt, open or closed.
   * @returns false if another process has changed the window since the attempt was read
   */
  recordWindow(attempt: Attempt, settleWindow: SettleWindow): Promise<boolean>;
  /** Records the outcome of an attempt. A closed attempt stays unchanged. @returns the current attempt */
  update(attempt: Attempt, update: AttemptUpdate): Promise<Attempt>;
  /**
   * Records an attempt of another system. An attempt in progress replaces a claim. An attempt that has ended gets the
   * number before the claim's.
   * @returns the new attempt, or the open attempt that another process recorded first
   */
  recordObserved(observed: Observed): Promise<Attempt>;
  /**
   * True if the process that owns an attempt is still working on it.
   * @returns null while undecided: the process is on another machine or from an earlier boot, and its heartbeat has
   * been observed for less than 10 seconds
   */
  isHeld(attempt: Attempt): Promise<boolean | null>;
}

export function attemptsTable(store: Store): AttemptsJournal {
  const { owner } = store;
  const insertObserved = async (scope: Scope, { at, ...observed }: Observed) =>
    insertAttempt(scope, {
      ...EMPTY,
      ...observed,
      origin: 'observed',
      owner,
      claimedAt: at,
      closedAt: observed.outcome === 'accepted' ? null : at,
    });

  return {
    latestAttempt: async (cardToken) => findLatestAttempt(store, cardToken),
    listAttempts: async (cardToken) => listAttempts(store, cardToken),
    claim: async (claim) => takeClaim(store, claim),
    release: async ({ id }) => store.write(async (scope) => deleteClaim(scope, id)),
    markSent: async (attempt, sending) => markSent(store, attempt, sending),
    takeBack: async (attempt) => store.write(async (scope) => takeBack(scope, attempt, store.connection)),
    recordWindow: async (attempt, window) =>
      store.write(async (scope) => recordWindow(scope, attempt, window)),
    update: async ({ id }, update) => updateAttempt(store, id, update),
    recordObserved: async (observed) =>
      store.write(async (scope) => {
        const open = await openOrFree({ ...scope, heartbeats: store.heartbeats }, observed.cardToken);
        if (open && open.outcome !== 'claimed') return open;
        // An attempt in progress replaces a claim, which can no longer be sent.
        const isReplaced = open !== null && observed.outcome === 'accepted';
        if (isReplaced) await deleteClaim(scope, open.id);
        const attempt = await insertObserved(scope, observed);
        if (open === null || isReplaced) return attempt;
        await moveBehind(scope, open, attempt);
        return present(await findAttempt(scope, attempt.id));
      }),
    isHeld: async ({ id }) => hasLease(store, id),
  };
}

async function takeClaim(store: Store, claim: Claim): Promise<{ attempt: Attempt; claimed: boolean }> {
  await store.announce();
  const { attempt, claimed } = await claimUnlessOpen(store, claim);
  if (claimed || attempt.outcome !== 'claimed') return { attempt, claimed };
  const { heartbeats } = store;
  const open = await store.write(async (scope) => openOrFree({ ...scope, heartbeats }, claim.cardToken));
  return open ? { attempt: open, claimed: false } : claimUnlessOpen(store, claim);
}

/** Returns the open attempt on a card. Deletes a claim whose lease has ended. */
async function openOrFree(
  scope: Scope & Pick<Store, 'heartbeats'>,
  cardToken: CardToken,
): Promise<Attempt | null> {
  const open = await findOpenAttempt(scope, cardToken);
  if (open?.outcome !== 'claimed' || (await hasLease(scope, open.id)) !== false) return open;
  await deleteClaim(scope, open.id);
  return null;
}

/**
 * Inserts a claim, unless an attempt is open. The claim ends with the lease on its card.
 * @returns the open attempt of the card; `claimed` is true if it is the new claim
 * @throws Failure `leased` if the lease was lost
 */
async function claimUnlessOpen(
  store: Store,
  { at, ...claim }: Claim,
): Promise<{ attempt: Attempt; claimed: boolean }> {
  const { owner, environment, connection } = store;
  const { cardToken } = claim;
  const subject = `card ${cardToken}`;
  const id = randomUUID();
  const attempt = { ...EMPTY, ...claim, id, owner, claimedAt: at };
  const { rows } = await store.batch([
    ...(await renewals(store, [subject])),
    claimInsertion({ ...attempt, environment, lease: connection, subject }),
    openAttemptQuery({ environment, cardToken }),
  ]);
  const [renewed, , open] = rows;
  if (renewed?.length !== 1) throw lostLease(subject);
  const found = present(attemptsIn(open)[0]);
  return { attempt: found, claimed: found.id === id };
}

async function markSent(
  store: Store,
  { id, cardToken }: Attempt,
  { baseline, settleWindow, plan, ...sending }: Sending,
): Promise<Attempt | null> {
  const subject = `card ${cardToken}`;
  const { environment } = store;
  const allowed = plan && (await maySend(store, plan));
  const update = {
    sql: `UPDATE attempts SET outcome = 'sent', kiosk_id = :kioskId, order_id = :orderId, baseline = :baseline,
       sent_at = :at, correlation_id = :correlationId, settle_window = :settleWindow
     WHERE id = :id AND outcome = 'claimed' AND EXISTS (
       SELECT 1 FROM leases WHERE leases.environment = attempts.environment AND owner = :lease
         AND subject = 'card ' || attempts.card_token)
       AND (:generation = '' OR EXISTS (SELECT 1 FROM identity WHERE generation = :generation))
       AND NOT EXISTS (
       SELECT 1 FROM holds WHERE holds.environment = attempts.environment AND holds.kiosk_id = :kioskId
         AND holds.released_at IS NULL)
       ${allowed ? `AND ${allowed.sql}` : ''}
     RETURNING id`,
    parameters: {
      id,
      ...sending,
      ...allowed?.parameters,
      lease: store.connection,
      generation: store.db.generation,
      baseline: baseline && JSON.stringify(baseline),
      settleWindow: JSON.stringify(settleWindow),
    },
  };
  // The lease is renewed, so that no other process can acquire it before the request is sent.
  const renewal = await renewals(store, [subject]);
  const { correlationId } = sending;
  const ofPlan =
    plan === undefined ? [] : [planCardSent({ environment, plan: plan.id, attemptId: id, correlationId })];
  const { rows, isRepeated } = await store.batch([...renewal, update, attemptQuery(id), ...ofPlan]);
  const [renewed, updated, sent] = rows;
  if (renewed?.length !== 1) throw lostLease(subject);
  const [attempt] = attemptsIn(sent);
  if (!attempt || updated?.length === 1) return attempt ?? null;
  // If the connection was lost, an earlier execution of this batch may have marked the attempt as sent.
  const isSent = attempt.outcome === 'sent' && attempt.correlationId === sending.correlationId;
  return isRepeated && isSent ? attempt : null;
}

async function updateAttempt(store: Store, id: string, update: AttemptUpdate): Promise<Attempt> {
  const { rows } = await store.batch([updateStatement(id, update), attemptQuery(id)]);
  return present(attemptsIn(rows[1])[0]);
}
