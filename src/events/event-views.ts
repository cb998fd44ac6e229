import { describeCoverage, toCoverageDocument } from '../context/coverage.ts';
import { describeStage } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import { type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT, toEventDocument } from '../domain/event.ts';
import { formatReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import type { KeptDelivery } from '../journal/journal.ts';
import type { Result } from '../output/result.ts';
import { localTime, type Style, unbroken } from '../output/style.ts';
import { type Column, listResult, timeIn } from '../output/table.ts';
import type { Subscription } from '../wire/subscriptions.ts';
import type { Imported } from './import-events.ts';
import type { ListedEvents } from './list-events.ts';
import type { ListenerMessage, NoticeType } from './listener.ts';
import type { Replayed } from './replay-events.ts';
import type { Notice } from './throttled-notices.ts';

/** Renders an event in one line: number, arrival, card, kiosk, change, and the meaning of an error. */
export function eventLine(event: KeptEvent, style: Style): string {
  const marks = marksOf(event);
  return [
    `#${event.id}`,
    style.dim(localTime(event.receivedAt)),
    printable(nameOf(event)),
    printable(event.kioskId ?? '–'),
    `${whatOf(event, style)}${marks ? style.dim(` (${marks})`) : ''}`,
  ].join('  ');
}

/** Creates the result for one event of a stream. */
export function eventResult(event: KeptEvent): Result {
  return {
    exitCode: 0,
    document: toListedEvent(event),
    text: (style) => lineOf(event, style),
    references: [String(event.id)],
  };
}

/** Creates the result of `events list`: one event per line, followed by the coverage. */
export function eventsResult({ events, total, coverage }: ListedEvents): Result {
  return listResult(EVENT_COLUMNS, events, {
    document: { events: events.map(toListedEvent), coverage: toCoverageDocument(coverage) },
    reference: ({ id }) => String(id),
    empty: 'No events.\n',
    total,
    footer: (style) => style.dim(describeCoverage(coverage, localTime)).concat('\n'),
  });
}

const EVENT_COLUMNS: readonly Column<KeptEvent>[] = [
  ['#', 'id'],
  ['Received', timeIn('receivedAt'), 2],
  ['Card', (event) => nameOf(event)],
  ['Kiosk', 'kioskId', 1],
  ['Change', { styled: (event, style) => whatOf(event, style) }, undefined, 24],
  ['Mark', (event) => marksOf(event) || null, 3],
];

function lineOf(event: KeptEvent, style: Style): string {
  return `${eventLine(event, style)}\n`;
}

/** Converts an event to its JSON form. `verified` is false for an event without a valid signature. */
function toListedEvent(event: KeptEvent) {
  return { ...toEventDocument(event), verified: event.isVerified };
}

/** Renders an event with all details and its original body. */
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
  const lines = Buffer.from(body).toString('utf8').split('\n').map(printable).join('\n');
  const text = style.screen ? unbroken(lines) : lines;
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
  const counts = `${kept} stored, ${hints} stored as hints, ${duplicates} already stored, ${refused} rejected.\n`;
  return `${lines.join('')}${more}${counts}`;
}

/** Describes a test notification or an unverified event; empty for other events. */
function marksOf({ isTest, isVerified }: KeptEvent): string {
  return [...(isTest ? ['test'] : []), ...(isVerified ? [] : ['hint, not signed'])].join(', ');
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

/** Creates the result for subscriptions. @param changed true if one was created; undefined if they are only listed */
export function webhooksResult(subscriptions: readonly Subscription[], changed?: boolean): Result {
  return listResult(
    [
      ['Subscription', 'id'],
      ['Events', 'eventType'],
      ['Version', 'version', 1],
      ['URL', 'url'],
      ['Name', 'name', 2],
    ],
    subscriptions,
    {
      document: { subscriptions, ...(changed !== undefined && { changed }) },
      reference: ({ id }) => id,
      empty: 'No subscriptions. Create them: kioskctl webhooks create --url <URL>\n',
      footer: () => (changed === false ? 'They already existed.\n' : ''),
    },
  );
}

type Of<Type extends ListenerMessage['type']> = Extract<ListenerMessage, { type: Type }>;

/** Creates the result for a message of a listener's stream. @param now milliseconds since the epoch */
export function messageResult(message: ListenerMessage, now: number): Result {
  return {
    exitCode: 0,
    document: documentOf(message),
    text: (style) => textOf(message, { style, now }),
    references: referencesOf(message),
  };
}

/** Creates the message about output lines that were dropped because the reader is slow. @param count number of lines */
export function unshownResult(count: number): Result {
  return {
    exitCode: 0,
    document: { type: 'unshown', count },
    text: () =>
      `${counted(count, 'line')} left out, because standard output was not read in time. List the events: kioskctl events list\n`,
    references: [],
  };
}

function documentOf(message: ListenerMessage): Record<string, unknown> {
  switch (message.type) {
    case 'event':
      return { ...toEventDocument(message.event) };
    case 'ready':
      return { ...message, unheardSince: utcTime(message.unheardSince) };
    case 'catch-up':
      return { ...message, since: utcTime(message.since) };
    case 'refused':
    case 'not-kept':
    case 'not-forwarded':
    case 'unsigned-test':
    case 'end':
      return { ...message };
  }
}

function referencesOf(message: ListenerMessage): string[] {
  if (message.type !== 'event') return [];
  const { profileId, cardToken, orderId } = message.event;
  return cardToken === null && orderId === null ? [] : [formatReference({ profileId, cardToken, orderId })];
}

function textOf(message: ListenerMessage, { style, now }: { style: Style; now: number }): string {
  switch (message.type) {
    case 'event':
      return lineOf(message.event, style);
    case 'ready':
      return readyText(message, now);
    case 'catch-up':
      return catchUpText(message, now);
    case 'end':
      return `${countsText(message)}\n`;
    case 'unsigned-test':
      return `${printable(noticeText(message))}\n`;
    case 'refused':
    case 'not-kept':
    case 'not-forwarded':
      return `${style.bad(printable(noticeText(message)))}\n`;
  }
}

function readyText({ url, adminUrl, key, unheardSince }: Of<'ready'>, now: number): string {
  const admin =
    adminUrl === undefined ? '' : `The board is ${adminUrl}/board, beside /metrics and /health.\n`;
  const gap = unheardSince === null ? '' : `No listener ran for ${formatDuration(now - unheardSince)}.\n`;
  return printable(`Webhooks are received on ${url} (Ctrl-C ends it).`)
    .concat(`\nVerified with ${printable(key)}.\n${admin}`)
    .concat(gap);
}

function catchUpText({ looked, missed, skipped, failed, since }: Of<'catch-up'>, now: number): string {
  const parts = [
    `${counted(looked, 'card')} of the last ${formatDuration(now - since)} checked`,
    missed.length === 0 ? 'nothing missed' : `${missed.length} changed without an event`,
    ...(skipped.cards > 0
      ? [`${skipped.cards} skipped (no credentials for ${counted(skipped.profiles, 'profile')})`]
      : []),
    ...(failed > 0 ? [`${failed} could not be read`] : []),
  ];
  const lines = missed.map((card) => `  ${formatReference(card)} ${describeStage(card)}`);
  return [`Caught up: ${parts.join(', ')}.`, ...lines].map((line) => `${printable(line)}\n`).join('');
}

function noticeText({ type, count, reason, ids }: { type: NoticeType } & Notice): string {
  if (type === 'unsigned-test')
    return `${counted(count, 'test notification')} answered 200 and not stored: ${reason}`;
  if (type === 'refused') return `${counted(count, 'webhook')} refused: ${reason}`;
  if (type === 'not-kept')
    return `${counted(count, 'webhook')} answered 503; Wise will send it again: ${reason}`;
  return `${counted(count, 'webhook')} not forwarded (${reason}): kioskctl events replay ${ids.join(' ')} --to <URL>`;
}

function countsText({ kept, duplicates, refused, notKept, notForwarded }: Of<'end'>): string {
  return [
    `${counted(kept, 'event')} stored`,
    counted(duplicates, 'duplicate'),
    `${refused} refused`,
    ...(notKept > 0 ? [`${notKept} not stored`] : []),
    ...(notForwarded > 0 ? [`${notForwarded} not forwarded`] : []),
  ].join(', ');
}
