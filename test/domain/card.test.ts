import { expect, test } from 'vitest';
import { describeCard } from '../../src/domain/card.ts';
import { attempt, DAY, facts, production, TOKEN } from '../harness/records.ts';

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
