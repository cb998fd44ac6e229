import { type Attempt, OPEN_OUTCOMES, type Outcome } from '../../domain/attempt.ts';
import type { FailureCode } from '../../domain/errors/failure.ts';
import type { CardToken, KioskId } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import type { SettleWindow } from '../../domain/times/settle-window.ts';
import { present, type Scope, type Store } from '../store/store.ts';
import {
  EMPTY,
  findAttempt,
  findLatestAttempt,
  findOpenAttempt,
  insertAttempt,
  listAttempts,
  moveBehind,
  recordWindow,
} from './attempt-rows.ts';
import { hasLease, renewLeases } from './leases.ts';

/** Input for a new attempt. Times are milliseconds since the epoch, also below. */
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
  at: number;
}

/** An attempt of another system, found in Wise's data. */
export interface Observed extends Omit<Claim, 'reason'> {
  outcome: Outcome;
  production: Production;
}

/** Changes of an attempt. Omitted fields stay unchanged. */
export interface AttemptUpdate {
  outcome: Outcome;
  production?: Production | null;
  traceId?: string | null;
  httpStatus?: number | null;
  endCode?: FailureCode | null;
  /** Set by the sender after its request has ended. */
  settleWindow?: SettleWindow;
  /** The expected current window. If another process has changed it, the update does nothing. */
  onlyIfWindow?: SettleWindow;
  at: number;
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
   * @returns null if it must not be sent: the claim was lost, the kiosk is on hold, or a backup was restored
   * @throws Failure `leased` if the lease on the card was lost
   */
  markSent(attempt: Attempt, sent: Sending): Promise<Attempt | null>;
  /**
   * Reverts `markSent` if nothing was sent, so that the attempt is a claim again.
   * @returns false if the attempt was settled meanwhile
   */
  takeBack(attempt: Attempt): Promise<boolean>;
  /**
   * Stores the settle window of an attempt, open or closed.
   * @returns false if another process has changed the window since the attempt was read
   */
  recordWindow(attempt: Attempt, settleWindow: SettleWindow): Promise<boolean>;
  /** Records the outcome of an attempt. A closed attempt stays unchanged. @returns the current attempt */
  update(attempt: Attempt, update: AttemptUpdate): Promise<Attempt>;
  /**
   * Records an attempt of another system. If it is in progress, it replaces a claim; if it has ended, its number is
   * before the claim.
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
    markSent: async (attempt, sending) =>
      store.write(async (scope) => {
        // Renewed, so that no other process can acquire the lease before the request is sent.
        await renewLeases(store, scope, [`card ${attempt.cardToken}`]);
        return markSent(scope, attempt, {
          ...sending,
          lease: store.connection,
          generation: store.db.generation,
        });
      }),
    takeBack: async ({ id }) => store.write(async (scope) => takeBack(scope, id)),
    recordWindow: async (attempt, window) =>
      store.write(async (scope) => recordWindow(scope, attempt, window)),
    update: async ({ id }, update) => store.write(async (scope) => updateAttempt(scope, id, update)),
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
  return store.write(async (scope) => {
    await renewLeases(store, scope, [`card ${claim.cardToken}`]);
    const open = await openOrFree({ ...scope, heartbeats: store.heartbeats }, claim.cardToken);
    return { attempt: open ?? (await insertClaim(store, scope, claim)), claimed: open === null };
  });
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

/** Inserts a claim with its lease, so that it ends together with the lease. */
async function insertClaim(
  { owner, connection }: Store,
  scope: Scope,
  { at, ...claim }: Claim,
): Promise<Attempt> {
  const attempt = await insertAttempt(scope, { ...EMPTY, ...claim, owner, claimedAt: at });
  const parameters = { id: attempt.id, lease: connection };
  await scope.db.run('UPDATE attempts SET lease = :lease WHERE id = :id', parameters);
  return attempt;
}

async function deleteClaim({ db }: Scope, id: string): Promise<void> {
  await db.run("DELETE FROM attempts WHERE id = :id AND outcome = 'claimed'", { id });
}

async function markSent(
  scope: Scope,
  { id }: Attempt,
  { baseline, settleWindow, ...sending }: Sending & { lease: string; generation: string },
): Promise<Attempt | null> {
  const { changes } = await scope.db.run(
    `UPDATE attempts SET outcome = 'sent', kiosk_id = :kioskId, order_id = :orderId, baseline = :baseline,
       sent_at = :at, correlation_id = :correlationId, settle_window = :settleWindow
     WHERE id = :id AND outcome = 'claimed' AND EXISTS (
       SELECT 1 FROM leases WHERE leases.environment = attempts.environment AND owner = :lease
         AND subject = 'card ' || attempts.card_token)
       AND (:generation = '' OR EXISTS (SELECT 1 FROM identity WHERE generation = :generation))
       AND NOT EXISTS (
       SELECT 1 FROM holds WHERE holds.environment = attempts.environment AND holds.kiosk_id = :kioskId
         AND holds.released_at IS NULL)`,
    {
      id,
      ...sending,
      baseline: baseline && JSON.stringify(baseline),
      settleWindow: JSON.stringify(settleWindow),
    },
  );
  return changes === 1 ? findAttempt(scope, id) : null;
}

async function takeBack({ db }: Scope, id: string): Promise<boolean> {
  const { changes } = await db.run(
    `UPDATE attempts SET outcome = 'claimed', baseline = NULL, sent_at = NULL, correlation_id = NULL,
       settle_window = NULL
     WHERE id = :id AND outcome = 'sent'`,
    { id },
  );
  return changes === 1;
}

async function updateAttempt(
  scope: Scope,
  id: string,
  { outcome, production, traceId, httpStatus, endCode, settleWindow, onlyIfWindow, at }: AttemptUpdate,
): Promise<Attempt> {
  const isFinal = !OPEN_OUTCOMES.some((open) => open === outcome);
  await scope.db.run(
    `UPDATE attempts SET outcome = :outcome, production = COALESCE(:production, production),
       trace_id = COALESCE(:traceId, trace_id), http_status = COALESCE(:httpStatus, http_status),
       end_code = :endCode, settle_window = COALESCE(:settleWindow, settle_window), closed_at = :closedAt
     WHERE id = :id AND closed_at IS NULL AND COALESCE(settle_window, '') = COALESCE(:onlyIfWindow, settle_window, '')`,
    {
      id,
      outcome,
      onlyIfWindow: onlyIfWindow ? JSON.stringify(onlyIfWindow) : null,
      production: production ? JSON.stringify(production) : null,
      traceId: traceId ?? null,
      httpStatus: httpStatus ?? null,
      endCode: endCode ?? null,
      settleWindow: settleWindow ? JSON.stringify(settleWindow) : null,
      closedAt: isFinal ? at : null,
    },
  );
  return present(await findAttempt(scope, id));
}
