import { lookUpError } from '../../domain/error-catalogue.ts';
import type { KeptEvent } from '../../domain/event.ts';
import { formatReference } from '../../domain/reference.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { Style } from './style.ts';

/** An event in one line: time, card, kiosk, where the card stands now, and what an error means. */
export function eventLine(event: KeptEvent, style: Style): string {
  const { cardToken, orderId, profileId, kioskId, status, errorCode } = event;
  const hasCard = cardToken !== null || orderId !== null;
  const error = status === 'PRODUCTION_ERROR' ? lookUpError('production', errorCode) : null;
  const words = [
    style.dim(localTime(event.receivedAt)),
    hasCard ? formatReference({ profileId, cardToken, orderId }) : '–',
    kioskId ?? '–',
    dress(status ?? event.eventType, style),
    ...(error ? [`${error.code}. ${error.meaning}`] : []),
    ...(event.isTest ? [style.dim('(test)')] : []),
    ...(event.isVerified ? [] : [style.warning('(not verified)')]),
  ];
  return words.join('  ');
}

function dress(status: string, style: Style): string {
  const safe = printable(status);
  if (/ERROR|CANCELLED|RETURNED/.test(status)) return style.bad(safe);
  return /PRODUCED|COMPLETED/.test(status) ? style.good(safe) : safe;
}

/** 10:15:00 +01:00 */
function localTime(milliseconds: number): string {
  const offset = new Date(milliseconds).getTimezoneOffset();
  const local = new Date(milliseconds - offset * 60_000).toISOString();
  const minutes = Math.abs(offset);
  return `${local.slice(11, 19)} ${offset > 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}
