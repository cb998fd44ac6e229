import { findHold, kioskHeld } from '../cards/session/hold-check.ts';
import type { Context } from '../context/context.ts';
import { leaseOnKiosk, withLeases } from '../context/leases.ts';
import { declined } from '../context/record-action.ts';
import type { Card } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { asFailure, Failure } from '../domain/errors/failure.ts';
import { ACTOR_NAMES } from '../domain/errors/vendor-errors.ts';
import type { KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { type AdvisedEntry, advise, type Runbook } from '../domain/runbook.ts';
import { failureOf, isSelected, type JournalCard } from '../domain/selection.ts';
import { asSentence, counted } from '../domain/text/words.ts';
import type { Hold } from '../journal/journal.ts';
import { releaseKiosk } from './hold.ts';
import { requireKnownKiosks, selectFromJournal, settleOpenAttempts } from './kiosk-cards.ts';
import type { RetrySelection } from './plan-selection.ts';
import { findRejected, REJECTED_FLAG, type RejectedCards, recordDestroyed } from './rejected-cards.ts';
import { retrySelection, type SelectedRetry, type SelectedRetryOptions } from './retry-selection.ts';

export interface RecoverOptions
  extends Omit<SelectedRetryOptions, 'isDryRun' | 'ignoresHolds' | 'onApproved'> {
  /** The destroyed cards, if flags name them; null to prompt the user. */
  rejected: RejectedCards | null;
  /** True to end a hold on the kiosk without a prompt. */
  isReleased: boolean;
}

export interface Recovery {
  kioskId: KioskId;
  /** The hold that ended; null for none. */
  released: Hold | null;
  /** Rejected cards that were recorded as destroyed; null for an unidentified card. */
  destroyed: (Card | null)[];
  retry: SelectedRetry;
}

/**
 * Recovers a kiosk: shows its failures and fixes, prompts for the fixes and for destroyed cards, and retries the failed
 * cards, a canary first. Nothing is recorded or sent before the last prompt, which confirms the plan. The kiosk is
 * locked from the first prompt on.
 * @throws Failure `usage` for an unknown kiosk or card, `input-required`, `not-confirmed`, `kiosk-held`, `leased`
 */
export async function recover(
  ctx: Context,
  selection: RetrySelection,
  { rejected, isReleased, ...options }: RecoverOptions,
): Promise<Recovery> {
  const [kioskId] = selection.kioskIds;
  if (kioskId === undefined) throw new TypeError('a recovery has no kiosk');
  await requireKnownKiosks(ctx, [kioskId]);
  return withLeases(ctx, { subjects: [leaseOnKiosk(kioskId)], action: 'recover' }, async () => {
    const failed = await findFailed(ctx, kioskId, selection);
    const hold = await findHold(ctx, kioskId);
    requireAnswers(ctx, failed, { rejected, isReleased, hold, isAttended: options.isAttended });
    const isFixed = await askWhetherFixed(ctx, kioskId, failed);
    const destroyed = await findRejected(ctx, { kioskId, rejected, failed });
    if (hold && !isReleased) await askToRelease(ctx, hold);
    let released: Hold | null = null;
    const onApproved = async () => {
      await recordDestroyed(ctx, { kioskId, found: destroyed });
      released = hold && (await releaseKiosk(ctx, kioskId, { shown: hold }));
    };
    const approval = { isDryRun: false, isFixed, ignoresHolds: hold !== null, onApproved };
    const retry = await retrySelection(ctx, selection, { ...options, ...approval }).catch(
      (error: unknown) => {
        throw released === null ? error : afterRelease(ctx, kioskId, asFailure(error));
      },
    );
    return { kioskId, released, destroyed, retry };
  });
}

/** Adds to a failure that the hold on the kiosk has already ended. */
function afterRelease(ctx: Context, kioskId: KioskId, { code, message, hint, ...more }: Failure): Failure {
  const hold = commandLine(['kiosk', 'hold', kioskId], ctx.invocation);
  return new Failure(code, `${message} The hold on kiosk ${kioskId} was released before.`, {
    hint: `${hint} Put the kiosk on hold again, if needed: ${hold}`,
    exitCode: more.exitCode,
    ...(more.details && { details: more.details }),
  });
}

/** Finds the failed cards of a kiosk. Reads open attempts first: they may have failed without an event. */
async function findFailed(
  ctx: Context,
  kioskId: KioskId,
  { errorCodes }: RetrySelection,
): Promise<JournalCard[]> {
  const there = { kioskIds: [kioskId], ...(errorCodes.length > 0 && { errorCodes }) };
  const unfinished = await selectFromJournal(ctx, there, { isUnfinished: true });
  const { cards } = await settleOpenAttempts(ctx, unfinished);
  return cards.filter((one) => isSelected(one, { ...there, isFailed: true }));
}

/** In a non-interactive session, reports all missing flags before the first prompt. @throws Failure `input-required` */
function requireAnswers(
  ctx: Context,
  failed: readonly JournalCard[],
  given: Pick<RecoverOptions, 'rejected' | 'isReleased' | 'isAttended'> & { hold: Hold | null },
): void {
  if (failed.length === 0) return;
  ctx.ask.requireAnswers([
    ...(given.rejected === null ? [REJECTED_FLAG] : []),
    ...(given.hold && !given.isReleased ? ['--release'] : []),
    ...(given.isAttended ? [] : ['--attended']),
    '--yes',
  ]);
}

/** Prompts for the fixes at the kiosk. @returns false if there is nothing to do there */
async function askWhetherFixed(
  ctx: Context,
  kioskId: KioskId,
  failed: readonly JournalCard[],
): Promise<boolean> {
  const causes = causesOf(failed, await ctx.runbook());
  for (const line of causes.flatMap(describeCause)) ctx.report.note(line);
  if (!needsHands(causes)) return false;
  if (!(await ctx.ask.confirm(`Is all of this done at kiosk ${kioskId}?`, { flag: '--yes' })))
    throw declined('Complete these steps, then run the command again.');
  return true;
}

async function askToRelease(ctx: Context, hold: Hold): Promise<void> {
  const { message } = kioskHeld(ctx, hold);
  const byPerson = { flag: '--release', isAnsweredByYes: false };
  if (!(await ctx.ask.confirm(`${asSentence(message)} Release it?`, byPerson))) throw kioskHeld(ctx, hold);
}

/** A cause of failures at a kiosk, and the number of its cards. */
export interface Cause {
  entry: AdvisedEntry;
  count: number;
}

/** Returns the causes of failed cards, most frequent first, with advice from the catalogue and the runbook. */
export function causesOf(cards: readonly JournalCard[], runbook: Runbook): Cause[] {
  const failures = cards.flatMap((one) => failureOf(one) ?? []);
  const groups = Map.groupBy(failures, ({ kind, errorCode }) => `${kind} ${errorCode ?? ''}`);
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (!first) return [];
      const entry = advise(runbook, lookUpError(first.kind, first.errorCode));
      return [{ entry, count: group.length }];
    })
    .toSorted((left, right) => right.count - left.count);
}

/** True if any cause needs a fix or a check before a retry. */
export function needsHands(causes: readonly Cause[]): boolean {
  return causes.some(({ entry }) => entry.retry === 'after-fix' || entry.retry === 'reconcile');
}

/** Describes a cause and its fix, in several lines. */
export function describeCause({ entry, count }: Cause): string[] {
  const { code, meaning, actor, nextStep, page } = entry;
  const steps = page && page.steps.length > 0 ? page.steps : [nextStep];
  const help = [
    page?.contact ? `If that does not help: ${page.contact}` : '',
    page?.link ? `More: ${page.link}` : '',
  ].filter((line) => line !== '');
  return [
    `${counted(count, 'card')} failed with ${code}: ${meaning}`,
    `  Who acts: ${page?.owner ?? ACTOR_NAMES[actor]}`,
    ...steps.map((step, index) => (steps.length === 1 ? `  ${step}` : `  ${index + 1}. ${step}`)),
    ...help.map((line) => `  ${line}`),
  ];
}
