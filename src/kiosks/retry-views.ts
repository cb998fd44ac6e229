import { cardResults, renderCards } from '../cards/card-views.ts';
import { toCoveredDocument } from '../context/coverage.ts';
import { cardLabel } from '../domain/card.ts';
import { formatReference } from '../domain/ids.ts';
import { counted } from '../domain/text/words.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import type { Recovery } from './recover.ts';
import { renderPlan } from './render-plan.ts';
import { countCards, toPlanDocument } from './retry-plan.ts';
import type { SelectedRetry } from './retry-selection.ts';

/** The result of a retry that only shows its plan. */
export function plannedRetry({ plan, covered }: SelectedRetry): Result {
  return {
    exitCode: 0,
    document: { plan: toPlanDocument(plan), covered: toCoveredDocument(covered) },
    failures: plan.kiosks.flatMap(({ cards }) =>
      cards.map(({ entry: { kind, code } }) => ({ kind, errorCode: code })),
    ),
    text: async (style) => renderPlan(plan, covered, style),
    references: plan.kiosks.flatMap(({ cards }) => cards.map(({ one }) => formatReference(one.card))),
  };
}

/** The result of a retry of many cards. @param signal the signal that may have interrupted it */
export function selectedRetry(retry: SelectedRetry, signal: AbortSignal): Result {
  const { plan, covered, results, used } = retry;
  const result = cardResults(results, {
    shape: 'cards',
    signal,
    extra: (one) =>
      'kioskId' in one ? { kioskId: one.kioskId, canary: 'isCanary' in one && one.isCanary } : {},
    text: async (style) =>
      results.length === 0
        ? renderPlan(plan, covered, style)
        : `${renderCards(results, { style, isList: true })}${renderEnd(retry, style)}`,
  });
  const { beyondLimit } = plan;
  const requests = { ...used, perCard: perCard(retry) };
  return {
    ...result,
    document: { ...result.document, beyondLimit, requests, covered: toCoveredDocument(covered) },
  };
}

function renderEnd({ plan, results, used, ...retry }: SelectedRetry, style: Style): string {
  const left = results.filter(({ outcome }) => outcome === 'not-started').length + plan.beyondLimit;
  const rest = left > 0 ? `${counted(left, 'card')} left: the same command goes on.\n` : '';
  const each = perCard({ plan, results, used, ...retry });
  const requests = `${counted(used.reads + used.sends, 'request')}, ${each ?? 0} a card.\n`;
  return `${rest}${style.dim(requests)}`;
}

/** Requests for each card that was begun, to two digits. */
function perCard({ plan, results, used }: SelectedRetry): number | null {
  const idle = results.filter(({ outcome }) => outcome === 'not-started').length;
  const begun = countCards(plan) - idle;
  return begun > 0 ? Math.round(((used.reads + used.sends) / begun) * 100) / 100 : null;
}

/** The result of the recovery of a kiosk: its actions and its cards. @param signal the signal that may have interrupted it */
export function recovered({ kioskId, released, destroyed, retry }: Recovery, signal: AbortSignal): Result {
  const result = selectedRetry(retry, signal);
  const done = [
    ...destroyed.map(
      (card) => `Recorded as destroyed: ${card ? cardLabel(card) : 'a card that nobody can tell'}\n`,
    ),
    ...(released ? [`Kiosk ${kioskId} is no longer on hold.\n`] : []),
  ];
  return {
    ...result,
    document: {
      kioskId,
      released: released !== null,
      destroyed: destroyed.map((card) => card && formatReference(card)),
      ...result.document,
    },
    text: async (style) => `${done.join('')}${await result.text(style)}`,
  };
}
