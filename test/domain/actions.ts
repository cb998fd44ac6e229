// Acts as the journal keeps them.

import type { ActionRecord } from '../../src/domain/action.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { TOKEN } from './facts.ts';

/** A produce that went well at 11:00, unless told otherwise. */
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
    startedAt,
    endedAt: startedAt + 1_000,
    isRunning: false,
    exitCode: 0,
    attemptId: null,
    correlationId: null,
    traceId: null,
    ...more,
  };
}
