import { describe, expect, test } from 'vitest';
import { NO_RUNBOOK, type Runbook } from '../../src/domain/runbook.ts';
import type { JournalCard } from '../../src/domain/selection.ts';
import { causesOf, describeCause, needsHands } from '../../src/kiosks/recover.ts';
import { attempt, card, production } from '../harness/records.ts';

function failed(errorCode: string | null): JournalCard {
  const one = card({ production: production('PRODUCTION_ERROR', { errorCode }) });
  return { card: one, attempt: null, changedAt: null, createdAt: null };
}

const REFUSED: JournalCard = {
  card: card({ production: production('READY') }),
  attempt: attempt('refused', {
    production: production('REQUEST_ERROR', { errorCode: 'PRINTER_OR_SATELLITE_NOT_READY' }),
  }),
  changedAt: null,
  createdAt: null,
};

const RUNBOOK: Runbook = {
  pages: [
    {
      kind: 'production',
      code: 'PRD_HOPPER_DOOR',
      owner: 'Branch staff',
      steps: ['Close it.', 'Count the cards.'],
      link: 'https://wiki.bank.example/',
      contact: '#kiosks',
      retry: 'now',
    },
  ],
};

test('causes are sorted by the number of cards, and include refused requests', () => {
  const causes = causesOf(
    [failed(null), REFUSED, failed('PRD_HOPPER_DOOR'), failed('PRD_HOPPER_DOOR')],
    NO_RUNBOOK,
  );
  expect(causes.map(({ entry, count }) => [entry.kind, entry.code, count])).toEqual([
    ['production', 'PRD_HOPPER_DOOR', 2],
    ['production', 'UNKNOWN_ERROR', 1],
    ['request', 'PRINTER_OR_SATELLITE_NOT_READY', 1],
  ]);
});

describe('a cause in words', () => {
  test('a cause has the meaning and the fix of the catalogue', () => {
    const [cause] = causesOf([failed('PRD_HOPPER_DOOR')], NO_RUNBOOK);
    expect(cause && describeCause(cause)).toEqual([
      '1 card failed with PRD_HOPPER_DOOR: The hopper door is open.',
      '  Who acts: the kiosk attendant',
      '  Close the hopper door, then retry.',
    ]);
  });

  test("a cause has the fix of the team's runbook instead, if there is one", () => {
    const [cause] = causesOf([failed('PRD_HOPPER_DOOR'), failed('PRD_HOPPER_DOOR')], RUNBOOK);
    expect(cause && describeCause(cause)).toEqual([
      '2 cards failed with PRD_HOPPER_DOOR: The hopper door is open.',
      '  Who acts: Branch staff',
      '  1. Close it.',
      '  2. Count the cards.',
      '  If that does not help: #kiosks',
      '  More: https://wiki.bank.example/',
    ]);
  });
});

test.each<[string, Runbook, boolean]>([
  ['PRD_HOPPER_DOOR', NO_RUNBOOK, true],
  ['PRD_HOPPER_DOOR', RUNBOOK, false],
  ['CB_TIME', NO_RUNBOOK, false],
])('whether somebody has to do something is asked where it helps: %s', (code, runbook, isNeeded) => {
  expect(needsHands(causesOf([failed(code)], runbook))).toBe(isNeeded);
});
