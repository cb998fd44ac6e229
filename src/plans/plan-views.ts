import { renderCards } from '../cards/card-views.ts';
import { toCoveredDocument } from '../context/coverage.ts';
import { isOpenPlan, type PlanRecord } from '../detached/plan.ts';
import { cardLabel } from '../domain/card.ts';
import { formatReference } from '../domain/ids.ts';
import { commandLine, type Invocation } from '../domain/next-command.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { Recovery } from '../kiosks/recover.ts';
import { toPlanDocument } from '../kiosks/retry/retry-plan.ts';
import type { SelectedRetry } from '../kiosks/retry-selection.ts';
import { toRecoveryDocument } from '../kiosks/retry-views.ts';
import type { Result } from '../output/result.ts';
import { localTime, type Style } from '../output/style.ts';
import type { ChangedPlan, ShownCard, StoredPlan } from './stored-plans.ts';

/** Converts a plan to its JSON form. */
export function toDetachedDocument(plan: PlanRecord) {
  const { id, kind, state, kioskIds, cards, counts, approval, approver, terms, executor, error } = plan;
  return {
    id,
    kind,
    state,
    context: terms.context,
    kioskIds,
    cards,
    counts,
    approvedBy: `${approver.user}@${approver.host}`,
    login: approver.login,
    reason: approver.reason && redact(approver.reason),
    approvedAt: utcTime(approver.at),
    approvals: approval.number,
    startWithinMs: approval.startWithin,
    executor: executor && `${executor.user}@${executor.host}`,
    startedAt: utcTime(plan.startedAt),
    endedAt: utcTime(plan.endedAt),
    exitCode: plan.exitCode,
    cause: plan.cause && redact(plan.cause),
    ...(error && { error }),
  };
}

/** Creates the result of a retry or recovery that was handed over to a server. */
export function detachedRetry(
  { plan, covered, detached }: SelectedRetry,
  invocation: Pick<Invocation, 'flags'>,
): Result {
  return {
    exitCode: 0,
    document: {
      detached: detached && toDetachedDocument(detached),
      plan: toPlanDocument(plan),
      covered: toCoveredDocument(covered),
    },
    ...(detached && { references: [detached.id] }),
    text: (style) =>
      detached
        ? renderAccepted(detached, { style, invocation })
        : 'No cards to send: nothing was handed over.\n',
  };
}

/** Creates the result of a recovery that was handed over to a server. */
export function detachedRecovery(recovery: Recovery, invocation: Pick<Invocation, 'flags'>): Result {
  const result = detachedRetry(recovery.retry, invocation);
  return { ...result, document: toRecoveryDocument(recovery, result.document) };
}

function renderAccepted(
  { id, cards, kioskIds, approval }: PlanRecord,
  { style, invocation }: { style: Style; invocation: Pick<Invocation, 'flags'> },
): string {
  const what = `${counted(cards, 'card')} at ${kioskIds.join(', ')}`;
  const follow = commandLine(['runs', 'show', id, '--follow'], invocation);
  return [
    `${style.good('✓')} ${printable(`Plan ${id} was accepted: ${what}.`)}\n`,
    `  A server carries it out. It must start within ${formatDuration(approval.startWithin)}.\n`,
    `  Next: ${style.bold(printable(follow))}\n`,
  ].join('');
}

/** Creates the result of a command that changed a plan. */
export function changedPlan({ plan, changed }: ChangedPlan, invocation: Pick<Invocation, 'flags'>): Result {
  const next =
    plan.state === 'approved' ? commandLine(['runs', 'show', plan.id, '--follow'], invocation) : null;
  return {
    exitCode: 0,
    document: { plan: toDetachedDocument(plan), changed },
    references: [plan.id],
    text: (style) =>
      [
        `${changed ? style.good('✓') : style.dim('=')} ${printable(describePlan(plan))}\n`,
        ...(plan.state === 'cancelled'
          ? ['  Nothing more is sent for it. A card in its kiosk continues.\n']
          : []),
        ...(next === null ? [] : [`  Next: ${style.bold(printable(next))}\n`]),
      ].join(''),
  };
}

/** Describes state and progress of a plan in one line. */
export function describePlan({ id, state, counts, cards, exitCode }: PlanRecord): string {
  const end = state === 'done' ? `ended with ${exitCode}` : `is ${state}`;
  const parts = [
    `${counts.done} done`,
    counts.failed > 0 && `${counts.failed} failed`,
    counts.left > 0 && `${counts.left} left`,
  ];
  return `Plan ${id} ${end}: ${parts.filter((part) => part !== false).join(', ')} of ${counted(cards, 'card')}`;
}

/** Creates the result of `runs show` for a plan. While the plan is open, its exit code is 0. */
export function shownPlan(stored: StoredPlan, invocation: Pick<Invocation, 'flags'>): Result {
  const { plan, cards } = stored;
  return {
    exitCode: 0,
    document: {
      plan: toDetachedDocument(plan),
      cards: cards.map(({ card, kioskId, outcome, exitCode, error }) => ({
        ...card,
        kioskId,
        outcome,
        exitCode,
        ...(error && { error }),
      })),
    },
    references: cards.map(({ card }) => formatReference(card)),
    text: (style) => {
      const results = cards.flatMap((card) =>
        card.outcome === null ? [] : { ...card, outcome: card.outcome },
      );
      const sent = cards.filter(({ outcome }) => outcome === null);
      return [
        renderHead(plan, { style, invocation }),
        ...sent.map((card) => renderSent(card, style)),
        ...(cards.length === 0
          ? []
          : [renderCards(results, { style, isList: true, sent: sent.length, invocation })]),
      ].join('');
    },
  };
}

function renderSent({ card, kioskId }: ShownCard, style: Style): string {
  return `${style.dim('…')} ${printable(`${formatReference(card)} sent to ${kioskId}, no result yet`)}\n`;
}

function renderHead(
  plan: PlanRecord,
  { style, invocation }: { style: Style; invocation: Pick<Invocation, 'flags'> },
): string {
  const { id, state, kind, kioskIds, approver, executor, startedAt, endedAt, cause, error } = plan;
  const login = approver.login === null ? '' : ` (${approver.login})`;
  const reason = approver.reason === null ? '' : `: ${redact(approver.reason)}`;
  const lines: [string, string | false][] = [
    ['Kiosks', `${kioskIds.join(', ')} (${kind})`],
    ['Approved', `${localTime(approver.at)} by ${approver.user}@${approver.host}${login}${reason}`],
    ['Server', executor !== null && `${executor.user}@${executor.host}, process ${executor.pid}`],
    ['Started', startedAt !== null && localTime(startedAt)],
    ['Ended', endedAt !== null && localTime(endedAt)],
    ['Cause', cause !== null && redact(cause)],
    ['Error', error !== null && error.message],
    ['Next', state === 'paused' && commandLine(['runs', 'approve', id], invocation)],
  ];
  const shown = lines.flatMap(([name, text]) => (text ? [`  ${name.padEnd(9)} ${printable(text)}\n`] : []));
  return `${style.bold(printable(describePlan(plan)))}\n${shown.join('')}`;
}

/** A line of a followed plan: the plan itself, or one of its cards. */
export interface PlanRow {
  name: string;
  line: string;
}

/** Returns the lines of a followed plan. */
export function toPlanRows(stored: StoredPlan): PlanRow[] {
  const { plan } = stored;
  const server = plan.executor ? `, ${plan.executor.user}@${plan.executor.host}` : '';
  const cards = stored.cards.filter(({ exitCode }) => exitCode !== null);
  return [
    {
      name: plan.id,
      line: `${describePlan(plan)}${server}${plan.cause === null ? '' : `. ${redact(plan.cause)}`}`,
    },
    ...cards.map(({ card, outcome, exitCode, error }) => ({
      name: formatReference(card),
      line: `${cardLabel(card)} ${outcome}${exitCode === 0 || !error ? '' : `: ${error.message}`}`,
    })),
  ];
}

/** Returns the exit code with which following a plan ends. */
export function endOfPlan({ plan }: StoredPlan) {
  return isOpenPlan(plan) ? 0 : (plan.exitCode ?? 9);
}
