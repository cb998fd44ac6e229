import { describe, expect, test } from 'vitest';
import { emptyEvent, type KeptEvent } from '../../src/domain/event.ts';
import { type KioskId, parseKioskId } from '../../src/domain/ids.ts';
import { eventLine, eventsResult, messageResult } from '../../src/events/event-views.ts';
import { localTime, makeStyle } from '../../src/output/style.ts';
import { ORDER_EVENT, PRODUCTION_EVENT } from '../../src/wire/events.ts';
import { TOKEN } from '../harness/records.ts';

const plain = makeStyle(false);
const AT = Date.parse('2026-03-01T12:00:00Z');

function event(more: Partial<KeptEvent> = {}): KeptEvent {
  return {
    id: 12,
    deliveryId: null,
    receivedAt: AT,
    isTest: false,
    isVerified: true,
    ...emptyEvent(PRODUCTION_EVENT),
    profileId: 1001,
    cardToken: TOKEN,
    kioskId: parseKioskId('WIS00001'),
    status: 'PRODUCED',
    ...more,
  };
}

const NAMELESS = { profileId: null, cardToken: null, kioskId: null };

test('a server that is ready tells the address of its board', async () => {
  const [url, adminUrl] = ['http://127.0.0.1:8788/webhooks', 'http://127.0.0.1:8789'];
  const { text } = messageResult({ type: 'ready', url, adminUrl, key: 'a key', unheardSince: null }, AT);
  expect(await text(plain)).toContain('The board is http://127.0.0.1:8789/board, beside');
});

describe('an event in one line', () => {
  const start = `#12  ${localTime(AT)}  1001/${TOKEN}  WIS00001  `;
  const nameless = `#12  ${localTime(AT)}  –  –  `;
  test.each<[string, Partial<KeptEvent>, string]>([
    ['a production', {}, `${start}production → PRODUCED`],
    [
      'an error with its meaning',
      { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' },
      `${start}production → PRODUCTION_ERROR: PRD_HOPPER_DOOR. The hopper door is open.`,
    ],
    [
      'an order',
      { eventType: ORDER_EVENT, cardToken: null, orderId: 501, kioskId: null, status: 'CANCELLED' },
      `#12  ${localTime(AT)}  1001/501  –  order → CANCELLED`,
    ],
    ['a test', { isTest: true }, `${start}production → PRODUCED (test)`],
    ['a hint', { isVerified: false }, `${start}production → PRODUCED (hint, not signed)`],
    ['another type', { ...NAMELESS, eventType: 'cards#new', status: null }, `${nameless}cards#new`],
    ['another status', { status: 'MELTED' }, `${start}production → MELTED`],
    ['no status', { status: null }, `${start}production → no status`],
    ['nothing', { ...NAMELESS, eventType: '', status: null }, nameless],
  ])('an event is shown in one line: %s', (_, more, line) => {
    expect(eventLine(event(more), plain)).toBe(line);
  });

  test('an event in one line shows no control characters', () => {
    const evil = 'x\u001b[2J\u202e' as KioskId;
    const line = eventLine(
      event({ status: 'PRODUCTION_ERROR', errorCode: evil, kioskId: evil, eventType: PRODUCTION_EVENT }),
      plain,
    );
    expect(line).not.toMatch(/[\u202e]/);
    expect(line).toContain('\\u001b[2J\\u202e');
    expect(eventLine(event({ eventType: evil, status: evil }), plain)).not.toContain('\u202e');
  });
});

test('a list without events shows the times in which a listener was running', async () => {
  const coverage = { from: null, to: AT, listened: [], gaps: [] };
  expect(await eventsResult({ events: [], total: 0, coverage }).text(plain)).toMatch(
    /^No events\.\nNo webhook listener ran yet.*\n$/,
  );
});
