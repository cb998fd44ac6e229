import type { AttemptDocument } from '../../domain/attempt.ts';
import { formatReference } from '../../domain/reference.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { StatusResult } from '../../workflows/status.ts';
import { localTime } from './local-time.ts';
import { describeError, pipelineOf } from './render-cards.ts';
import type { Style } from './style.ts';
import { renderTable } from './table.ts';

/** Cards as a table: card, order, production, kiosk, attempt, days left; below it what failed and what to do next. */
export async function renderStatus(results: readonly StatusResult[], style: Style): Promise<string> {
  if (results.length === 0) return 'No cards. Order one: kioskctl order\n';
  const rows = results.map(({ card }) => [
    formatReference(card),
    card.orderId === null ? '–' : printable(`${card.orderId} ${card.orderStatus ?? ''}`),
    `${pipelineOf(card, style)} ${card.stage}`,
    printable(card.production?.kioskId ?? '–'),
    card.attempt === 0 ? '–' : String(card.attempt),
    card.daysLeft === null ? '–' : daysLeft(card.daysLeft, style),
  ]);
  const table = await renderTable(['Card', 'Order', 'Production', 'Kiosk', 'Attempt', 'Days left'], rows);
  const details = results.map((result) => detailsOf(result, { style, isList: results.length > 1 }));
  return `${table}${details.join('')}`;
}

function daysLeft(days: number, style: Style): string {
  if (days === 0) return style.bad('0');
  return days <= 7 ? style.warning(String(days)) : String(days);
}

function detailsOf(
  { card, attempts }: StatusResult,
  { style, isList }: { style: Style; isList: boolean },
): string {
  const subject = isList ? `${formatReference(card)}: ` : '';
  const error = describeError(card);
  const lines = [
    ...(error ? [style.bad(printable(`${subject}${error}`))] : []),
    ...(error || !isList ? (card.next ? [`${subject}Next: ${style.bold(printable(card.next))}`] : []) : []),
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
