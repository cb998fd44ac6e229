// The shape of the JSON report of a run: a change of it is a change of the public interface.
import { expect, test } from 'vitest';
import { json } from '../../src/runs/reports/json.ts';
import { HOSTILE, hostileCard, interruptedCard, mixedCards, reportOf } from '../domain/run-records.ts';
import { textOf } from '../runs/reports/text-of.ts';
import { shapeOf } from './shape.ts';

test('the report of a run', async () => {
  const text = await textOf(json(await reportOf([...mixedCards(), interruptedCard(8)])));
  expect(shapeOf(JSON.parse(text))).toMatchSnapshot();
});

test('is one document, a card a line, whatever is in it', async () => {
  const given = [hostileCard(1), ...mixedCards()].map((card, index) => ({ ...card, number: index + 1 }));
  const text = await textOf(json(await reportOf(given)));
  const { schemaVersion, run, totals, cards } = JSON.parse(text);
  expect({ schemaVersion, scenario: run.scenario, passed: totals.cards.passed }).toEqual({
    schemaVersion: 1,
    scenario: 'hopper-door',
    passed: 3,
  });
  expect(cards).toHaveLength(8);
  expect(cards[0].steps[0]).toMatchObject({ title: HOSTILE, startedAt: '2026-11-22T10:00:00.250Z' });
  expect(cards[0].steps[0]).not.toHaveProperty('attemptsBefore');
  expect(text.trimEnd().split('\n')).toHaveLength(10);
  expect(text).not.toContain('\u202e');
  // Those that it had not come to are told, too.
  const none = JSON.parse(await textOf(json(await reportOf([], { cards: 2 }))));
  expect(none.cards).toMatchObject([
    { number: 1, outcome: 'not-started' },
    { number: 2, outcome: 'not-started' },
  ]);
});
