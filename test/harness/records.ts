// Records for domain tests. Defaults are ordinary and in the past.

import type { ActionRecord } from '../../src/domain/action.ts';
import type { Attempt, Outcome } from '../../src/domain/attempt.ts';
import { type Card, type CardFacts, describeCard } from '../../src/domain/card.ts';
import { emptyEvent, type KeptEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { type KioskId, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Production } from '../../src/domain/production.ts';
import type { SettleWindow } from '../../src/domain/times/settle-window.ts';

export const TOKEN = parseCardToken('ca0c8154-1e14-4464-a1ce-dcea7dc3de52');
export const OTHER_TOKEN = parseCardToken('35050a4a-9521-426e-8109-1396e3687a3e');
export const DAY = 86_400_000;

/** Times of Wise: before the attempt, of the attempt, and after it. */
export const BEFORE = '2026-03-01T10:00:00.120Z';
export const DURING = '2026-03-01T11:00:00.120Z';
export const AFTER = '2026-03-01T12:00:00.120Z';

export const SENT_AT = Date.parse(DURING);

export function production(status: string, more: Partial<Production> = {}): Production {
  const kioskId = status === 'READY' ? null : parseKioskId('WIS00001');
  return { status, kioskId, occurredAt: DURING, errorCode: null, description: null, ...more };
}

/** A settle window of a request that was sent when its machine had just started. */
export function settleWindow(more: Partial<SettleWindow> = {}): SettleWindow {
  return {
    start: { boot: 'ours', uptime: 0, vendorTime: SENT_AT },
    hasEnded: false,
    isOver: false,
    ...more,
  };
}

/** An attempt of this journal on WIS00001, sent for the first production of the card. */
export function attempt(outcome: Outcome, more: Partial<Attempt> = {}): Attempt {
  return {
    id: '7b1c6f0e-52a8-4a77-8a8e-111111111111',
    number: 1,
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    kioskId: parseKioskId('WIS00001'),
    origin: 'ours',
    outcome,
    baseline: production('READY', { occurredAt: BEFORE }),
    production: null,
    owner: { host: 'here', user: 'ada', pid: 4711, startedAt: '1', boot: null, namespace: null },
    claimedAt: SENT_AT - 100,
    sentAt: SENT_AT,
    settleWindow: settleWindow(),
    closedAt: null,
    reason: null,
    correlationId: null,
    traceId: null,
    httpStatus: null,
    endCode: null,
    ...more,
  };
}

export function facts(more: Partial<CardFacts> = {}): CardFacts {
  return {
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    orderStatus: 'CARD_DETAILS_CREATED',
    production: null,
    attempt: null,
    age: DAY,
    requirements: null,
    ...more,
  };
}

export function card(more: Partial<CardFacts> = {}, kioskId: KioskId | null = null): Card {
  return describeCard(facts(more), { flags: ['--context', 'local'], kioskId });
}

// Events as the journal stores them.
let latest = 0;

/** A verified production event. Default time: 11:00:00.120. */
export function productionEvent(status: string, more: Partial<KeptEvent> = {}): KeptEvent {
  latest += 1;
  return {
    id: latest,
    deliveryId: null,
    receivedAt: 0,
    isTest: false,
    isVerified: true,
    ...emptyEvent(PRODUCTION_EVENT),
    profileId: 1001,
    cardToken: TOKEN,
    kioskId: status === 'READY' ? null : parseKioskId('WIS00001'),
    status,
    errorCode: status === 'PRODUCTION_ERROR' ? 'PRD_HOPPER_DOOR' : null,
    occurredAt: '2026-03-01T11:00:00.120Z',
    sentAt: '2026-03-01T11:00:01.000Z',
    ...more,
  };
}

export function orderEvent(status: string, more: Partial<KeptEvent> = {}): KeptEvent {
  return productionEvent(status, {
    eventType: ORDER_EVENT,
    orderId: 501,
    kioskId: null,
    errorCode: null,
    ...more,
  });
}

// Acts as the journal keeps them.
/** A successful produce action at 11:00, by default. */
export function actionRecord(more: Partial<ActionRecord> = {}): ActionRecord {
  const startedAt = Date.parse('2026-03-01T11:00:00Z');
  return {
    id: 1,
    action: 'produce',
    context: 'branch',
    profileId: 1001,
    orderId: 501,
    cardToken: TOKEN,
    kioskId: parseKioskId('WIS00001'),
    reason: 'the door is closed again',
    selection: null,
    user: 'ada',
    host: 'laptop',
    login: null,
    startedAt,
    endedAt: startedAt + 1_000,
    isRunning: false,
    exitCode: 0,
    attemptId: null,
    correlationId: null,
    traceId: null,
    plan: null,
    approver: null,
    ...more,
  };
}
