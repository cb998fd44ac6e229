import { expect, test } from 'vitest';
import { type ActionRecord, outcomeOfAction, toActionDocument } from '../../src/domain/action.ts';
import { actionRecord } from '../harness/records.ts';

test.each<[string, Partial<ActionRecord>]>([
  ['done', {}],
  ['failed', { exitCode: 4 }],
  ['failed', { exitCode: 75 }],
  ['running', { endedAt: null, exitCode: null, isRunning: true }],
  ['died', { endedAt: null, exitCode: null, isRunning: false }],
  ['unknown', { endedAt: null, exitCode: null, isRunning: null }],
])('the outcome of an action is %s for %j', (outcome, more) => {
  expect(outcomeOfAction(actionRecord(more))).toBe(outcome);
});

test('the document of an action has user, times and the meaning of the exit code', () => {
  expect(toActionDocument(actionRecord({ exitCode: 9, profileId: 0 }))).toMatchObject({
    by: 'ada@laptop',
    startedAt: '2026-03-01T11:00:00.000Z',
    endedAt: '2026-03-01T11:00:01.000Z',
    outcome: 'failed',
    meaning: 'refused by a guard; nothing was sent',
    profileId: null,
  });
  expect(toActionDocument(actionRecord({ reason: 'with Bearer abc.def' })).reason).toBe(
    'with Bearer [redacted]',
  );
  const running = { endedAt: null, exitCode: null, isRunning: true };
  expect(toActionDocument(actionRecord(running))).toMatchObject({
    endedAt: null,
    exitCode: null,
    meaning: null,
  });
});
