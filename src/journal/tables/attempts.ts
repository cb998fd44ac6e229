import type { Database } from '../../database/sqlite.ts';
import type { Attempt, Outcome, OwnerProcess } from '../../domain/attempt.ts';
import { type CardToken, type KioskId } from '../../domain/ids.ts';
import type { Production } from '../../domain/production.ts';
import type { AttemptUpdate, Claim, Observed, Sending } from './records.ts';

export interface AttemptRow {
  id: string;
  number: number;
  profile_id: number;
  order_id: number | null;
  card_token: CardToken;
  kiosk_id: KioskId | null;
  origin: Attempt['origin'];
  outcome: Outcome;
  baseline: string | null;
  production: string | null;
  holder_host: string;
  holder_user: string;
  holder_pid: number;
  holder_started_at: string | null;
  claimed_at: number;
  sent_at: number | null;
  closed_at: number | null;
  reason: string | null;
  correlation_id: string | null;
  trace_id: string | null;
}

export function findOpenAttempt(db: Database, environment: string, cardToken: CardToken): Attempt | null {
  return toAttempt(
    db.get<AttemptRow>(
      `SELECT * FROM attempts
       WHERE environment = :environment AND card_token = :cardToken AND closed_at IS NULL`,
      { environment, cardToken },
    ),
  );
}

/** The latest attempt that was sent, or seen: a claim is none yet. */
export function findLatestAttempt(db: Database, environment: string, cardToken: CardToken): Attempt | null {
  return toAttempt(
    db.get<AttemptRow>(
      `SELECT * FROM attempts
       WHERE environment = :environment AND card_token = :cardToken AND outcome <> 'claimed'
       ORDER BY number DESC LIMIT 1`,
      { environment, cardToken },
    ),
  );
}

export function findAttempt(db: Database, id: string): Attempt | null {
  return toAttempt(db.get<AttemptRow>('SELECT * FROM attempts WHERE id = :id', { id }));
}

export function listAttempts(db: Database, environment: string, cardToken: CardToken): Attempt[] {
  return db
    .all<AttemptRow>(
      `SELECT * FROM attempts
       WHERE environment = :environment AND card_token = :cardToken AND outcome <> 'claimed'
       ORDER BY number`,
      { environment, cardToken },
    )
    .flatMap((row) => toAttempt(row) ?? []);
}

/** Inserts the next attempt on a card: a claim of ours, or one of another system that was seen. */
export function insertAttempt(
  db: Database,
  environment: string,
  attempt: { holder: OwnerProcess } & ({ claim: Claim } | { observed: Observed }),
): string {
  const id = crypto.randomUUID();
  const observed = 'observed' in attempt ? attempt.observed : null;
  const { at, cardToken, profileId, orderId, kioskId } =
    'observed' in attempt ? attempt.observed : attempt.claim;
  db.run(
    `INSERT INTO attempts (id, environment, card_token, number, profile_id, order_id, kiosk_id, origin, outcome,
       production, holder_host, holder_user, holder_pid, holder_started_at, claimed_at, closed_at, reason)
     VALUES (:id, :environment, :cardToken,
       (SELECT COALESCE(MAX(number), 0) + 1 FROM attempts WHERE environment = :environment AND card_token = :cardToken),
       :profileId, :orderId, :kioskId, :origin, :outcome,
       :production, :host, :user, :pid, :startedAt, :at, :closedAt, :reason)`,
    {
      id,
      environment,
      cardToken,
      profileId,
      orderId,
      kioskId,
      origin: observed ? 'observed' : 'ours',
      outcome: observed?.outcome ?? 'claimed',
      production: observed ? JSON.stringify(observed.production) : null,
      ...attempt.holder,
      at,
      closedAt: observed && observed.outcome !== 'accepted' ? at : null,
      reason: 'claim' in attempt ? attempt.claim.reason : null,
    },
  );
  return id;
}

/** Makes the claim `id` come after an attempt that was inserted later: of two neighbours, it takes the higher number. */
export function moveBehind(db: Database, claim: Attempt, other: Attempt): void {
  const renumber = (id: string, number: number) =>
    db.run('UPDATE attempts SET number = :number WHERE id = :id', { id, number });
  renumber(claim.id, other.number + 1);
  renumber(other.id, claim.number);
  renumber(claim.id, other.number);
}

export function deleteClaim(db: Database, id: string): void {
  db.run("DELETE FROM attempts WHERE id = :id AND outcome = 'claimed'", { id });
}

/** @returns false when the claim is not there any more, or the kiosk is on hold */
export function markSent(db: Database, id: string, { baseline, ...sending }: Sending): boolean {
  const { changes } = db.run(
    `UPDATE attempts SET outcome = 'sent', kiosk_id = :kioskId, order_id = :orderId, baseline = :baseline,
       sent_at = :at, correlation_id = :correlationId
     WHERE id = :id AND outcome = 'claimed' AND NOT EXISTS (
       SELECT 1 FROM holds WHERE holds.environment = attempts.environment AND holds.kiosk_id = :kioskId
         AND holds.released_at IS NULL)`,
    { id, ...sending, baseline: baseline && JSON.stringify(baseline) },
  );
  return changes === 1;
}

/** @param closes whether the outcome is final */
export function updateAttempt(
  db: Database,
  id: string,
  { outcome, production, traceId, at, closes }: AttemptUpdate & { closes: boolean },
): void {
  db.run(
    `UPDATE attempts SET
       outcome = :outcome,
       production = COALESCE(:production, production),
       trace_id = COALESCE(:traceId, trace_id),
       closed_at = :closedAt
     WHERE id = :id AND closed_at IS NULL`,
    {
      id,
      outcome,
      production: production ? JSON.stringify(production) : null,
      traceId: traceId ?? null,
      closedAt: closes ? at : null,
    },
  );
}

export function toAttempt(row: AttemptRow | undefined): Attempt | null {
  if (!row) return null;
  return {
    id: row.id,
    number: row.number,
    profileId: row.profile_id,
    orderId: row.order_id,
    cardToken: row.card_token,
    kioskId: row.kiosk_id,
    origin: row.origin,
    outcome: row.outcome,
    baseline: toProduction(row.baseline),
    production: toProduction(row.production),
    owner: {
      host: row.holder_host,
      user: row.holder_user,
      pid: row.holder_pid,
      startedAt: row.holder_started_at,
    },
    claimedAt: row.claimed_at,
    sentAt: row.sent_at,
    closedAt: row.closed_at,
    reason: row.reason,
    correlationId: row.correlation_id,
    traceId: row.trace_id,
  };
}

/** How long productions at a kiosk took, newest first; milliseconds. */
export function listDurations(
  db: Database,
  environment: string,
  { kioskId, limit }: { kioskId: KioskId; limit: number },
): number[] {
  return db
    .all<{ duration: number }>(
      `SELECT closed_at - sent_at AS duration FROM attempts
       WHERE environment = :environment AND kiosk_id = :kioskId AND outcome = 'produced' AND sent_at IS NOT NULL
       ORDER BY closed_at DESC LIMIT :limit`,
      { environment, kioskId, limit },
    )
    .map(({ duration }) => duration);
}

function toProduction(json: string | null): Production | null {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module
  return json === null ? null : (JSON.parse(json) as Production);
}
