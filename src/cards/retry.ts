import type { Context } from '../context/context.ts';
import { leaseOnCard, withLeases } from '../context/leases.ts';
import { recordAction, withReason } from '../context/record-action.ts';
import { type Attempt, isUnsettled } from '../domain/attempt.ts';
import { cardLabel, hintOf } from '../domain/card.ts';
import { type CatalogueEntry, lookUpError } from '../domain/errors/error-catalogue.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { guardRetry, neverAgain, type Seen } from '../domain/guards.ts';
import { type KioskId, progressName } from '../domain/ids.ts';
import { flagsOf, isLater, type ProduceOptions } from '../domain/production.ts';
import type { CardResult } from '../domain/results.ts';
import { advise } from '../domain/runbook.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { awaitOutcome, chooseKiosk } from './produce.ts';
import { actOnCards } from './session/each-card.ts';
import { refuseHeld } from './session/hold-check.ts';
import type { CardRequest } from './session/resolve-cards.ts';
import { busy, seenOf, sendOnce, settleOpenAttempt } from './session/send.ts';
import type { CardSession } from './session/session.ts';

interface RetryOptions extends ProduceOptions {
  /** Destination of the card; null for the kiosk of the failed attempt. */
  toKiosk: KioskId | null;
  /** True to abandon a queued or unknown attempt, so that the card can be sent again after its settle window. */
  abandon: boolean;
}

const WHY_ABANDON = {
  question: 'Why will the attempt not print?',
  refusal: 'retry --abandon needs a reason.',
  answers: ['--yes'],
};

/** Shows which journal is in use, because kioskctl prevents duplicates only within a journal. */
export function noteJournal({ report, journalFile }: Context): void {
  report.note(
    `kioskctl prevents duplicates only for attempts recorded in this journal (${journalFile.path}). If the card is also sent with another journal, only Wise can reject the duplicate.`,
  );
}

/** Retries failed or refused cards, one after another, if the error catalogue allows it. */
export async function retry(
  context: Context,
  { targets, ...options }: RetryOptions & { targets: readonly CardRequest[] },
): Promise<CardResult[]> {
  const ctx = options.abandon ? await withReason(context, WHY_ABANDON) : context;
  noteJournal(ctx);
  const { toKiosk: kioskId } = options;
  const flags = [...(kioskId === null ? [] : ['--to-kiosk', kioskId]), ...flagsOf(options.settings)];
  const action = { targets, action: 'retry', kioskId, flags } as const;
  return actOnCards(ctx, action, async (session) => retryOne(ctx, session, options));
}

/**
 * Retries a card.
 * @returns true if the card was sent; false if it was already produced or in production
 * @throws Failure
 */
export async function retryOne(ctx: Context, session: CardSession, options: RetryOptions): Promise<boolean> {
  const last = await readBefore(ctx, session, options);
  const attemptId = last?.id ?? null;
  const known = options.toKiosk ?? session.card.production?.kioskId ?? last?.kioskId ?? null;
  const decision = guardRetry(seenOf(session), { request: known && { kioskId: known }, attemptId });
  const kioskId = known ?? (await chooseKiosk(ctx, '--to-kiosk'));
  await refuseHeld(ctx, kioskId);
  if (decision !== 'unchanged') await approve(ctx, session, last);
  const hadFailed = session.card.stage === 'failed';
  const request = { ...options.settings, kioskId };
  const guard = (seen: Seen) => {
    if (seen.card.stage === 'failed' && !hadFailed)
      throw leftAlone(session, 'failed again in the meantime, and this failure was not approved for a retry');
    return guardRetry(seen, { request, attemptId });
  };
  // A card that was in production is never sent here: it may have failed since, and the user has not confirmed a retry
  // of that failure.
  const attempt = decision === 'unchanged' ? null : await sendOnce(ctx, session, { kioskId, guard });
  if (attempt) {
    const after = last ? `, after attempt ${last.number} (${last.outcome})` : '';
    const name = progressName(session.card);
    ctx.report.note(`Card ${name}: attempt ${attempt.number}${after}, on ${attempt.kioskId}.`);
  }
  await awaitOutcome(ctx, session, { attempt, ...options });
  return attempt !== null;
}

/**
 * Reads a card, and settles its latest attempt if the outcome is unknown.
 * @returns the latest attempt; null if there is none
 */
async function readBefore(
  ctx: Context,
  session: CardSession,
  { abandon }: RetryOptions,
): Promise<Attempt | null> {
  const { attempt } = (await session.read()).facts;
  const isAbandoned = abandon && attempt && (attempt.outcome === 'queued' || isUnsettled(attempt));
  if (isAbandoned) return giveUp(ctx, session, attempt);
  if (!attempt || !isUnsettled(attempt)) return attempt;
  await settleOpenAttempt(ctx, session, attempt);
  return session.latest?.facts.attempt ?? null;
}

/**
 * Abandons an attempt, after the user has confirmed that it will not print.
 * @throws Failure `not-confirmed`, or if the command of the attempt is still running
 */
async function giveUp(ctx: Context, session: CardSession, attempt: Attempt): Promise<Attempt> {
  const { number, outcome, kioskId, cardToken } = attempt;
  const { deadline } = session;
  return withLeases(ctx, { subjects: [leaseOnCard(cardToken)], action: 'abandon', deadline }, async () => {
    if (outcome === 'sent' && (await ctx.journal.isHeld(attempt))) throw await busy(ctx, session, attempt);
    const question = `Attempt ${number} (${outcome}) may still print at ${kioskId}. Is it certain that it will not?`;
    if (!(await session.ask(question))) throw leftAlone(session);
    const abandoned = await recordAction(ctx, { action: 'abandon', card: session, kioskId }, () =>
      ctx.journal.update(attempt, { outcome: 'abandoned', at: ctx.calendar.now() }),
    );
    session.apply({ attempt: abandoned });
    return abandoned;
  });
}

/**
 * Prompts for confirmation that the cause is fixed, if the catalogue requires a fix.
 * @throws Failure if the catalogue forbids a retry
 */
async function approve(ctx: Context, session: CardSession, last: Attempt | null): Promise<void> {
  const isReady = session.card.stage === 'ready';
  if (last?.outcome === 'not-seen' && isReady) return;
  if (last?.outcome === 'abandoned' && !hasFailedSince(session, last)) return;
  // Wise rejected the request before it reached the kiosk. The next response will show if the cause is fixed.
  if (last?.outcome === 'refused' && last.production === null && isReady) return;
  const entry = advise(await ctx.runbook(), reasonOf(session, last));
  if (entry.retry === 'never') throw neverAgain(session.card, entry);
  if (entry.retry !== 'after-fix') return;
  const what = `${printable(entry.code)}: ${entry.meaning} ${entry.nextStep}`;
  ctx.report.note(`Card ${progressName(session.card)} failed with ${what}`);
  const question = `Is it fixed, so that card ${cardLabel(session.card)} can be produced again?`;
  if (!(await session.ask(question))) throw leftAlone(session);
}

/** True if an abandoned attempt was executed after all, and failed. */
function hasFailedSince({ card: { production } }: CardSession, { baseline }: Attempt): boolean {
  return production?.status === 'PRODUCTION_ERROR' && isLater(production, baseline) !== false;
}

function reasonOf({ card }: CardSession, last: Attempt | null): CatalogueEntry {
  return last?.outcome === 'refused' && last.production !== null
    ? lookUpError('request', last.production.errorCode)
    : lookUpError('production', card.production?.errorCode ?? null);
}

function leftAlone({ card }: CardSession, why = 'was not changed'): Failure {
  return failure('not-confirmed', `Card ${cardLabel(card)} ${why}.`, hintOf(card));
}
