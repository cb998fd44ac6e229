import { describe, expect, test } from 'vitest';
import { describeCard, toAttemptDocument } from '../../src/domain/card.ts';
import { attempt, DAY, facts, production, SENT_AT, TOKEN } from '../harness/records.ts';

const invocation = { flags: ['--context', 'local'], kioskId: null };

test('a card has every documented field, null for unknown values', () => {
  const nothing = { orderId: 501, cardToken: null, orderStatus: null, age: null };
  expect(describeCard(facts(nothing), invocation)).toEqual({
    profileId: 1001,
    orderId: 501,
    cardToken: null,
    orderStatus: null,
    stage: 'unknown',
    attempt: 0,
    attemptId: null,
    production: null,
    ageDays: null,
    daysLeft: null,
    next: 'kioskctl status 1001/501 --context local',
    nextArgv: ['kioskctl', 'status', '1001/501', '--context', 'local'],
  });
});

test('a card shows its attempt, its production and its requirements', () => {
  const seen = production('IN_PROGRESS');
  const requirements = [{ type: 'PIN', status: 'PENDING' }];
  const current = attempt('accepted', { number: 3 });
  expect(
    describeCard(facts({ production: seen, attempt: current, age: 2.5 * DAY, requirements }), invocation),
  ).toMatchObject({
    cardToken: TOKEN,
    orderStatus: 'CARD_DETAILS_CREATED',
    stage: 'in-progress',
    attempt: 3,
    attemptId: current.id,
    production: seen,
    requirements,
    ageDays: 2,
    daysLeft: 58,
  });
});

test('a card without read requirements has none in its document', () => {
  expect(describeCard(facts(), invocation)).not.toHaveProperty('requirements');
});

describe('an attempt in a document', () => {
  test('the document of an attempt has times in UTC and its sender', () => {
    const failure = production('PRODUCTION_ERROR', { errorCode: 'PRD_HOPPER_DOOR' });
    const ended = attempt('failed', {
      production: failure,
      closedAt: SENT_AT + 1_000,
      reason: 'ticket',
      traceId: 't',
    });
    expect(toAttemptDocument(ended)).toEqual({
      attempt: 1,
      attemptId: ended.id,
      origin: 'ours',
      kioskId: 'WIS00001',
      outcome: 'failed',
      sentAt: '2026-03-01T11:00:00.120Z',
      closedAt: '2026-03-01T11:00:01.120Z',
      by: 'ada@here',
      reason: 'ticket',
      production: failure,
      correlationId: null,
      traceId: 't',
      httpStatus: null,
      endCode: null,
    });
  });

  test('the document of an attempt of another system has no sender', () => {
    const seen = attempt('accepted', { origin: 'observed', sentAt: null });
    expect(toAttemptDocument(seen)).toMatchObject({
      origin: 'observed',
      by: null,
      sentAt: null,
      closedAt: null,
    });
  });
});
