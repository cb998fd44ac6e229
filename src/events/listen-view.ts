import { describeStage } from '../cards/card-views.ts';
import { toEventDocument } from '../domain/event.ts';
import { formatReference } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { counted } from '../domain/text/words.ts';
import { formatDuration } from '../domain/times/duration.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { eventLine } from './event-views.ts';
import type { Heard } from './listen.ts';

type Of<Type extends Heard['type']> = Extract<Heard, { type: Type }>;

/** One thing that a listener tells, as a line of its stream. @param now milliseconds since the epoch */
export function heardResult(heard: Heard, now: number): Result {
  return {
    exitCode: 0,
    document: documentOf(heard),
    text: (style) => textOf(heard, { style, now }),
    references: referencesOf(heard),
  };
}

/** What a reader that is too slow did not get. @param count of lines */
export function unshownResult(count: number): Result {
  return {
    exitCode: 0,
    document: { type: 'unshown', count },
    text: () =>
      `${counted(count, 'line')} left out: nobody read them in time. kioskctl events list shows the events.\n`,
    references: [],
  };
}

function documentOf(heard: Heard): Record<string, unknown> {
  switch (heard.type) {
    case 'event':
      return { ...toEventDocument(heard.event) };
    case 'ready':
      return { ...heard, unheardSince: isoTime(heard.unheardSince) };
    case 'catch-up':
      return { ...heard, since: isoTime(heard.since) };
    case 'refused':
    case 'not-kept':
    case 'not-forwarded':
    case 'end':
      return { ...heard };
  }
}

function isoTime(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}

function referencesOf(heard: Heard): string[] {
  if (heard.type !== 'event') return [];
  const { profileId, cardToken, orderId } = heard.event;
  return cardToken === null && orderId === null ? [] : [formatReference({ profileId, cardToken, orderId })];
}

function textOf(heard: Heard, { style, now }: { style: Style; now: number }): string {
  switch (heard.type) {
    case 'event':
      return `${eventLine(heard.event, style)}\n`;
    case 'ready':
      return readyText(heard, now);
    case 'catch-up':
      return catchUpText(heard, now);
    case 'end':
      return `${countsText(heard)}\n`;
    case 'refused':
    case 'not-kept':
    case 'not-forwarded':
      return `${style.bad(printable(noticeText(heard)))}\n`;
  }
}

function readyText({ url, key, unheardSince }: Of<'ready'>, now: number): string {
  const gap = unheardSince === null ? '' : `Nobody listened for ${formatDuration(now - unheardSince)}.\n`;
  return printable(`Webhooks are received on ${url} (Ctrl-C ends it).`)
    .concat(`\nVerified with ${printable(key)}.\n`)
    .concat(gap);
}

function catchUpText({ looked, missed, skipped, failed, since }: Of<'catch-up'>, now: number): string {
  const parts = [
    `${counted(looked, 'card')} of the last ${formatDuration(now - since)} looked at`,
    missed.length === 0 ? 'nothing missed' : `${missed.length} moved without an event`,
    ...(skipped.cards > 0
      ? [`${skipped.cards} skipped (no credentials for ${counted(skipped.profiles, 'profile')})`]
      : []),
    ...(failed > 0 ? [`${failed} could not be read`] : []),
  ];
  const lines = missed.map((card) => `  ${formatReference(card)} ${describeStage(card)}`);
  return [`Caught up: ${parts.join(', ')}.`, ...lines].map((line) => `${printable(line)}\n`).join('');
}

function noticeText({ type, count, reason, ids }: Of<'refused' | 'not-kept' | 'not-forwarded'>): string {
  if (type === 'refused') return `${counted(count, 'webhook')} refused: ${reason}`;
  if (type === 'not-kept') return `${counted(count, 'webhook')} answered 503, and will come again: ${reason}`;
  return `${counted(count, 'webhook')} not forwarded (${reason}): kioskctl events replay ${ids.join(' ')} --to URL`;
}

function countsText({ kept, duplicates, refused, notKept, notForwarded }: Of<'end'>): string {
  return [
    `${counted(kept, 'event')} kept`,
    counted(duplicates, 'duplicate'),
    `${refused} refused`,
    ...(notKept > 0 ? [`${notKept} not kept`] : []),
    ...(notForwarded > 0 ? [`${notForwarded} not forwarded`] : []),
  ].join(', ');
}
