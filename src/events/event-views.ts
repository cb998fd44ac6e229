import { type Coverage, describeCoverage } from '../context/coverage.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { KeptEvent } from '../domain/event.ts';
import { formatReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import type { KeptDelivery } from '../journal/journal.ts';
import { localTime, type Style } from '../output/style.ts';
import { plainRow, renderTable } from '../output/table.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../wire/events.ts';
import type { Subscription } from '../wire/subscriptions.ts';
import type { Imported } from './import-events.ts';
import type { Replayed } from './replay-events.ts';

/** An event in one line, without its end: number, arrival, card, kiosk, what it says, and what an error means. */
export function eventLine(event: KeptEvent, style: Style): string {
  const marks = [...(event.isTest ? ['test'] : []), ...(event.isVerified ? [] : ['hint, not signed'])];
  return [
    `#${event.id}`,
    style.dim(localTime(event.receivedAt)),
    printable(nameOf(event)),
    printable(event.kioskId ?? '–'),
    `${whatOf(event, style)}${marks.length > 0 ? style.dim(` (${marks.join(', ')})`) : ''}`,
  ].join('  ');
}

/** Events one a line, and below them what listening covers. */
export function renderEvents(
  { events, coverage }: { events: readonly KeptEvent[]; coverage: Coverage },
  style: Style,
): string {
  const lines = events.map((event) => `${eventLine(event, style)}\n`).join('');
  return `${lines || 'No events.\n'}${style.dim(describeCoverage(coverage, localTime))}\n`;
}

/** An event in full, its body as it came. */
export function renderEvent(delivery: KeptDelivery, style: Style): string {
  const { deliveryId, signature, body, eventType, occurredAt, sentAt, description } = delivery;
  const rows: [string, string | null][] = [
    ['Type', eventType],
    ['Occurred', occurredAt],
    ['Sent', sentAt],
    ['Description', description],
    ['Delivery', deliveryId],
    ['Signature', signature],
  ];
  const facts = rows.map(([title, value]) => `  ${`${title}:`.padEnd(13)}${printable(value ?? '–')}\n`);
  const text = Buffer.from(body).toString('utf8').split('\n').map(printable).join('\n');
  return `${eventLine(delivery, style)}\n${facts.join('')}  Body (${body.length} bytes):\n${text}\n`;
}

export function renderReplayed(replayed: readonly Replayed[], style: Style): string {
  const lines = replayed.map(({ id, outcome, httpStatus }) => {
    const mark = outcome === 'done' ? style.good('✓') : style.bad('✗');
    return `${mark} #${id} ${outcome === 'not-started' ? 'not sent' : (httpStatus ?? 'no answer')}\n`;
  });
  return lines.join('');
}

export function renderImported(imported: Imported): string {
  const { kept, hints, duplicates, refused, refusals } = imported;
  const lines = refusals.map(({ line, reason }) => `Line ${line}: ${reason}.\n`);
  const more = refused > refusals.length ? `… and ${counted(refused - refusals.length, 'line')} more.\n` : '';
  const counts = `${kept} kept, ${hints} kept as hints, ${duplicates} known already, ${refused} refused.\n`;
  return `${lines.join('')}${more}${counts}`;
}

function nameOf(event: KeptEvent): string {
  return event.cardToken === null && event.orderId === null ? '–' : formatReference(event);
}

function whatOf({ eventType, status, errorCode }: KeptEvent, style: Style): string {
  const shown = printable(status ?? 'no status');
  if (eventType === ORDER_EVENT) return `order → ${shown}`;
  if (eventType !== PRODUCTION_EVENT)
    return printable(status === null ? eventType : `${eventType} ${status}`);
  if (status !== 'PRODUCTION_ERROR' && status !== 'REQUEST_ERROR')
    return `production → ${status === 'PRODUCED' ? style.good(shown) : shown}`;
  if (errorCode === null) return `production → ${style.bad(shown)}, without an error code`;
  const { code, meaning } = lookUpError(status === 'REQUEST_ERROR' ? 'request' : 'production', errorCode);
  return `production → ${style.bad(shown)}: ${printable(code)}. ${meaning}`;
}

/** Subscriptions as a table. */
export async function renderWebhooks(subscriptions: readonly Subscription[]): Promise<string> {
  if (subscriptions.length === 0) return 'No subscriptions. Make them: kioskctl webhooks create --url URL\n';
  return renderTable(
    ['Subscription', 'Events', 'Version', 'URL', 'Name'],
    subscriptions.map(({ id, eventType, version, url, name }) =>
      plainRow([id, eventType, version, url, name]),
    ),
  );
}
