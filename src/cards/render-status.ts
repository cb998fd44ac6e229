import { type Covered, describeCoverage, toCoveredDocument } from '../context/coverage.ts';
import { type Attempt, type AttemptDocument, isOpen } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { formatReference } from '../domain/ids.ts';
import { isExpiring } from '../domain/selection.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { localTime } from '../output/local-time.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { renderTable } from '../output/table.ts';
import { describeError, pipelineOf } from './card-views.ts';
import type { StatusResult } from './status.ts';

/** Cards as a table: card, order, production, kiosk, attempt, days left; below it what failed and what to do next. */
export async function renderStatus(results: readonly StatusResult[], style: Style): Promise<string> {
  if (results.length === 0) return 'No cards. Order one: kioskctl order\n';
  const rows = results.map(({ card, latest }) => [
    formatReference(card),
    card.orderId === null ? '–' : printable(`${card.orderId} ${card.orderStatus ?? ''}`),
    `${pipelineOf(card, style)} ${card.stage}`,
    printable(card.production?.kioskId ?? kioskOf(latest) ?? '–'),
    card.attempt === 0 ? '–' : String(card.attempt),
    daysLeft(card, style),
  ]);
  const table = await renderTable(['Card', 'Order', 'Production', 'Kiosk', 'Attempt', 'Days left'], rows);
  const details = results.map((result) => detailsOf(result, { style, isList: results.length > 1 }));
  return `${table}${details.join('')}`;
}

/** The result of a selection, which says what the journal can know. */
export function ofSelection(result: Result, { covered, count }: { covered: Covered; count: number }): Result {
  return {
    ...result,
    document: { ...result.document, coverage: toCoveredDocument(covered) },
    text: async (style) => {
      const cards = count === 0 ? 'No card of the journal fits.\n' : await result.text(style);
      return `${cards}${style.dim(describeCoverage(covered.coverage, localTime))}\n`;
    },
  };
}

/** Where an attempt waits that the production does not show yet. */
function kioskOf(latest: Attempt | null): string | null {
  return latest && isOpen(latest) ? latest.kioskId : null;
}

/** What became of an attempt that shows in no production; empty when there is nothing of that kind. */
function describeUnshown({ card, latest }: StatusResult): string {
  if (latest?.outcome === 'queued')
    return `Attempt ${latest.number} is queued at ${latest.kioskId}: it starts when the printer is ready.`;
  if (latest?.outcome !== 'refused' || card.stage !== 'ready' || !latest.production) return '';
  const { code, meaning } = lookUpError('request', latest.production.errorCode);
  return `Attempt ${latest.number} was refused at ${latest.kioskId}: ${code}. ${meaning}`;
}

/** Expiring and expired cards stand out. */
function daysLeft(card: Card, style: Style): string {
  if (card.daysLeft === null) return '–';
  if (card.stage === 'expired') return style.bad('expired');
  return isExpiring(card) ? style.warning(String(card.daysLeft)) : String(card.daysLeft);
}

function detailsOf(result: StatusResult, { style, isList }: { style: Style; isList: boolean }): string {
  const { card, attempts } = result;
  const subject = isList ? `${formatReference(card)}: ` : '';
  const error = describeError(card) || describeUnshown(result);
  const lines = [
    ...(error ? [style.bad(printable(`${subject}${error}`))] : []),
    ...(error || card.stage === 'expired' || !isList
      ? card.next
        ? [`${subject}Next: ${style.bold(printable(card.next))}`]
        : []
      : []),
    ...(attempts?.map((attempt) => printable(`${subject}${describeAttempt(attempt)}`)) ?? []),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function describeAttempt({ attempt, by, outcome, kioskId, sentAt, production }: AttemptDocument): string {
  const when = sentAt === null ? '' : ` at ${localTime(Date.parse(sentAt))}`;
  const error = production?.errorCode ? `, ${production.errorCode}` : '';
  const where = kioskId ?? 'an unknown kiosk';
  return `Attempt ${attempt} on ${where}${when} by ${by ?? 'another system'}: ${outcome}${error}`;
}
