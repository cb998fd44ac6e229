// Detached plans, and the clocks of the processes that decide about them.

import { type PlanRecord, START_WITHIN_MS } from '../../src/detached/plan.ts';
import type { PlanClocks, PlanMoment } from '../../src/detached/plan-time.ts';
import { parseKioskId } from '../../src/domain/ids.ts';

const MOMENT: PlanMoment = {
  server: 1_000_000,
  boot: 'b1',
  uptime: 50_000,
  vendor: 2_000_000,
  calendar: 9_000,
};

/** Clocks of a process, some milliseconds after the approval of `plan()`. */
export function clocks({ passed = 0, ...more }: Partial<PlanClocks> & { passed?: number } = {}): PlanClocks {
  return {
    server: (MOMENT.server ?? 0) + passed,
    boot: MOMENT.boot,
    uptime: MOMENT.uptime + passed,
    vendor: (MOMENT.vendor ?? 0) + passed,
    calendar: MOMENT.calendar + passed,
    observed: 0,
    ...more,
  };
}

/** A plan that was approved and not started. */
export function plan(more: Partial<PlanRecord> = {}): PlanRecord {
  return {
    id: '20260301-120000-0a1b2c3d',
    kind: 'recover',
    terms: { context: 'bank', api: 'https://api.example', credentials: 'k1', major: 1 },
    kioskIds: [parseKioskId('WIS00001')],
    cards: 2,
    selection: 'WIS00001',
    maxFailures: 2,
    timeout: 600_000,
    settings: {},
    simulation: null,
    state: 'approved',
    approval: { action: 1, number: 1, startWithin: START_WITHIN_MS, moment: { ...MOMENT } },
    approver: { user: 'ada', host: 'laptop', login: null, reason: 'door closed', at: 0 },
    executor: null,
    connection: null,
    beat: null,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    cause: null,
    error: null,
    counts: { done: 0, failed: 0, left: 2 },
    isOfJournal: true,
    ...more,
  };
}
