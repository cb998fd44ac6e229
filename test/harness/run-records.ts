// Runs as the journal stores them: a successful one, and one with every kind of problem.
import { lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import type { FailureDocument } from '../../src/domain/errors/failure.ts';
import { type CardToken, type KioskId, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { RunCard, RunRecord, RunStep, StageMark } from '../../src/domain/run.ts';
import type { Stage } from '../../src/domain/stage.ts';
import { addUp } from '../../src/runs/reports/run-totals.ts';
import { attempt, card, production } from './records.ts';

export const STARTED_AT = Date.parse('2026-11-22T10:00:00.000Z');

/** Hostile or broken text, for every field with free text. */
export const HOSTILE =
  '<script>alert(1)</script> ]]> &amp; "\'` | \u0000\u001b[31m\u0085\uFFFE\uD800 ‮\r\n::error ::# %0A';

export function runRecord(more: Partial<RunRecord> = {}): RunRecord {
  return {
    id: 'run-7f3a',
    scenario: 'hopper-door',
    source: { kind: 'file', path: '/home/ada/scenarios/hopper-door.yaml' },
    fingerprint: 'f'.repeat(64),
    data: null,
    variables: { code: 'PRD_HOPPER_DOOR' },
    forgottenVariables: [],
    kiosks: [parseKioskId('WIS00001'), parseKioskId('WIS00002')],
    cards: 1,
    concurrency: 4,
    keep: false,
    context: 'bank',
    flags: ['--context', 'bank'],
    profileId: 1001,
    environment: 'sandbox',
    reason: 'nightly smoke test',
    user: 'ada',
    host: 'ci-runner-1',
    startedAt: STARTED_AT,
    endedAt: STARTED_AT + 60_000,
    exitCode: null,
    sessions: 1,
    requests: { reads: 30, sends: 12, limited: 1 },
    freed: [{ profileId: 1001, isFreed: true }],
    ...more,
  };
}

/** Returns ids that are unique to a card number. */
export function idsOf(number: number) {
  const digits = String(number).padStart(12, '0');
  return {
    orderId: 500 + number,
    cardToken: parseCardToken(`ca0c8154-1e14-4464-a1ce-${digits}`),
    attemptId: `7b1c6f0e-52a8-4a77-8a8e-${digits}`,
  };
}

/** Creates steps that follow one another, a second each by default. Steps without times were not started. */
export function stepsOf(number: number, steps: readonly (Partial<RunStep> & { ms?: number })[]): RunStep[] {
  let now = STARTED_AT + number * 250;
  const { orderId, cardToken } = idsOf(number);
  return steps.map(({ ms = 1_000, ...step }, index) => {
    const isBegun = step.outcome !== 'skipped';
    const startedAt = isBegun ? now : null;
    if (isBegun) now += ms;
    return {
      index,
      kind: 'produce',
      title: step.kind ?? 'produce WIS00001',
      line: 10 + index * 2,
      outcome: 'done',
      exitCode: isBegun && step.outcome !== 'running' ? 0 : null,
      startedAt,
      endedAt: isBegun && step.outcome !== 'running' ? now : null,
      orderId,
      cardToken,
      ...step,
    };
  });
}

/** @param marks stage and milliseconds after the start of the card */
export function marksOf(number: number, marks: readonly (readonly [Stage, number])[]): StageMark[] {
  return marks.map(([stage, after]) => ({ stage, at: STARTED_AT + number * 250 + after }));
}

export function failedWith(code: string, more: Partial<FailureDocument> = {}): FailureDocument {
  const entry = lookUpError('production', code);
  return {
    code: 'production-failed',
    message: `The production of card 1001/ca0c8154 on kiosk WIS00001 failed: ${code}. ${entry.meaning}`,
    hint: `${entry.nextStep} Next: kioskctl retry 1001/501 --context bank`,
    details: { errorCode: code, correlationId: 'corr-0815', traceId: 'trace-4711' },
    ...more,
  };
}

const TO_READY = [
  ['placed', 100],
  ['requirements-fulfilled', 400],
  ['details-created', 900],
  ['ready', 1_900],
] as const;

function runCard(number: number, more: Partial<RunCard>): RunCard {
  const { orderId, cardToken, attemptId } = idsOf(number);
  const steps = more.steps ?? [];
  return {
    number,
    row: null,
    kioskId: number % 2 === 0 ? parseKioskId('WIS00002') : parseKioskId('WIS00001'),
    outcome: 'passed',
    exitCode: 0,
    card: card({ orderId, cardToken, attempt: attempt('produced', { id: attemptId, orderId, cardToken }) }),
    orders: [{ profileId: 1001, orderId, cleanUp: 'ended-before' }],
    stages: marksOf(number, [...TO_READY, ['in-progress', 2_600], ['produced', 5_000]]),
    startedAt: STARTED_AT + number * 250,
    endedAt: steps.at(-1)?.endedAt ?? STARTED_AT + number * 250 + 6_000,
    ...more,
    steps,
  };
}

/** A card that passed. @param slower factor for the duration of its stages */
export function passedCard(number: number, { slower = 1 }: { slower?: number } = {}): RunCard {
  const { attemptId } = idsOf(number);
  return runCard(number, {
    stages: marksOf(number, [...TO_READY, ['in-progress', 2_600], ['produced', 2_600 + 2_400 * slower]]),
    endedAt: STARTED_AT + number * 250 + 3_000 + 2_400 * slower,
    steps: stepsOf(number, [
      { kind: 'order', title: 'order', ms: 600 },
      { kind: 'wait-ready', title: 'wait-ready', ms: 1_400 },
      { kind: 'produce', title: 'produce WIS00001', attemptId, attemptsBefore: 0, ms: 500 },
      { kind: 'wait-produced', title: 'wait-produced', ms: 2_400 * slower },
      { kind: 'expect', title: 'expect stage', ms: 0 },
    ]),
  });
}

/** A card with a tolerated production failure, a successful retry, and an unmet expectation. */
export function unmetCard(number: number): RunCard {
  const { attemptId } = idsOf(number);
  return runCard(number, {
    outcome: 'unmet',
    exitCode: 11,
    stages: marksOf(number, [
      ...TO_READY,
      ['in-progress', 2_600],
      ['failed', 4_100],
      ['in-progress', 5_600],
      ['produced', 7_000],
    ]),
    steps: stepsOf(number, [
      { kind: 'order', title: 'order', ms: 600 },
      { kind: 'wait-ready', title: 'wait-ready', ms: 1_400 },
      { kind: 'produce', title: 'produce WIS00001', attemptId, ms: 500 },
      {
        kind: 'wait-produced',
        title: 'the machine fails',
        outcome: 'tolerated',
        exitCode: 4,
        error: failedWith('PRD_HOPPER_DOOR'),
        ms: 1_600,
      },
      { kind: 'retry', title: 'retry', attemptId: `${attemptId.slice(0, -1)}b`, ms: 1_200 },
      { kind: 'wait-produced', title: 'wait-produced', ms: 1_800 },
      {
        kind: 'expect',
        title: 'expect stage, attempt',
        outcome: 'unmet',
        exitCode: 11,
        unmet: [
          { field: 'attempt', expected: 'one of 1, 3', actual: '2' },
          { field: 'duration', expected: 'at most 1s', actual: '1.8s' },
        ],
        ms: 0,
      },
    ]),
  });
}

/** A card with a production failure that the scenario does not tolerate. */
export function failedCard(number: number, errorCode = 'PRD_HOPPER_DOOR'): RunCard {
  const { orderId, cardToken, attemptId } = idsOf(number);
  const failed = production('PRODUCTION_ERROR', { errorCode, description: 'door' });
  return runCard(number, {
    outcome: 'failed',
    exitCode: lookUpError('production', errorCode).exitCode,
    card: card({
      orderId,
      cardToken,
      production: failed,
      attempt: attempt('failed', { id: attemptId, orderId, cardToken, production: failed }),
    }),
    orders: [{ profileId: 1001, orderId, cleanUp: 'cancelled' }],
    stages: marksOf(number, [...TO_READY, ['in-progress', 2_600], ['failed', 4_100], ['cancelled', 5_200]]),
    steps: stepsOf(number, [
      { kind: 'order', title: 'order', ms: 600 },
      { kind: 'wait-ready', title: 'wait-ready', ms: 1_400 },
      { kind: 'produce', title: 'produce WIS00001', attemptId, ms: 500 },
      {
        kind: 'wait-produced',
        title: 'wait-produced',
        outcome: 'failed',
        exitCode: lookUpError('production', errorCode).exitCode,
        error: failedWith(errorCode),
        ms: 1_600,
      },
      { kind: 'expect', title: 'expect stage', outcome: 'skipped' },
    ]),
    endedAt: STARTED_AT + number * 250 + 5_500,
  });
}

/** A card that was interrupted (Ctrl-C) during its production. */
export function interruptedCard(number: number): RunCard {
  const { orderId, attemptId } = idsOf(number);
  return runCard(number, {
    outcome: 'interrupted',
    exitCode: null,
    orders: [{ profileId: 1001, orderId, cleanUp: null }],
    stages: marksOf(number, [...TO_READY, ['in-progress', 2_600]]),
    endedAt: null,
    steps: stepsOf(number, [
      { kind: 'order', title: 'order', ms: 600 },
      { kind: 'wait-ready', title: 'wait-ready', ms: 1_400 },
      { kind: 'produce', title: 'produce WIS00001', attemptId, ms: 500 },
      { kind: 'wait-produced', title: 'wait-produced', outcome: 'running' },
      { kind: 'expect', title: 'expect stage', outcome: 'skipped' },
    ]),
  });
}

export function notStartedCard(number: number): RunCard {
  return runCard(number, {
    outcome: 'not-started',
    exitCode: null,
    card: null,
    orders: [],
    stages: [],
    startedAt: null,
    endedAt: null,
    steps: [],
  });
}

/** A card with hostile text in every field from outside. */
export function hostileCard(number: number): RunCard {
  const base = failedCard(number);
  const [first] = base.steps;
  if (!first) throw new Error('no step');
  return {
    ...base,
    kioskId: HOSTILE as KioskId,
    row: 3,
    orders: [{ profileId: 1001, orderId: 501, cleanUp: 'failed' }],
    steps: [
      {
        ...first,
        title: HOSTILE,
        outcome: 'failed',
        exitCode: 10,
        cardToken: HOSTILE as CardToken,
        attemptId: HOSTILE,
        error: {
          code: 'rejected',
          message: `Bearer abcdef0123456789 ${HOSTILE}`,
          hint: HOSTILE,
          details: { errorCode: HOSTILE, traceId: HOSTILE, correlationId: HOSTILE },
        },
      },
      {
        ...first,
        index: 1,
        title: HOSTILE,
        outcome: 'unmet',
        exitCode: 11,
        unmet: [{ field: HOSTILE, expected: HOSTILE, actual: HOSTILE }],
      },
    ],
  };
}

/** One card of each kind, and a few that passed. */
export function mixedCards(): RunCard[] {
  return [
    passedCard(1),
    passedCard(2, { slower: 2 }),
    unmetCard(3),
    failedCard(4),
    passedCard(5),
    failedCard(6, 'CB_DB_NOT_AVAILABLE'),
    notStartedCard(7),
  ];
}

/** Creates the input of reports. Its cards can be iterated several times. */
export async function reportOf(cards: readonly RunCard[], more: Partial<RunRecord> = {}) {
  const run = runRecord({ cards: cards.length, ...more });
  const each = async function* (): AsyncGenerator<RunCard> {
    yield* cards;
  };
  return { run, totals: await addUp(run, each()), cards: each, secrets: ['s3cr3t-of-this-process'] };
}

/** Joins all chunks of a report. */
export async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk;
  return text;
}
