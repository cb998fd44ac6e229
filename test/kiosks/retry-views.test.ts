// The plan of a retry, as users see it before they approve it.
import { expect, test } from 'vitest';
import { lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import type { KioskId } from '../../src/domain/ids.ts';
import type { KioskPlan, Turn } from '../../src/kiosks/retry/retry-plan.ts';
import { renderPlan } from '../../src/kiosks/retry-views.ts';
import { localTime, makeStyle } from '../../src/output/style.ts';

const plan = { kiosks: [], leftOut: [], beyondLimit: 0 };
const FROM = Date.UTC(2026, 2, 1, 12);
const TO = FROM + 60_000;
const BEGUN = FROM + 30_000;
const PERIOD = `from ${localTime(FROM)} to ${localTime(TO)}`;

test.each([
  [
    'a listener ran for the whole period',
    { from: FROM, gaps: [] },
    `The journal has no events. A webhook listener ran for the whole period, ${PERIOD}.`,
  ],
  [
    'a listener runs again after a gap',
    { from: BEGUN, gaps: [{ from: FROM, to: BEGUN }] },
    `The journal has no events; a webhook listener is running. A webhook listener ran for 30s of 1m. Gaps: ${localTime(FROM)} to ${localTime(BEGUN)}.`,
  ],
])('a plan says once that %s', async (_, { from, gaps }, line) => {
  const coverage = { from: FROM, to: TO, listened: [{ from, to: TO }], gaps };
  const covered = { coverage, firstEventAt: null, lastEventAt: null, isListenedTo: true };
  expect(await renderPlan({ plan, covered }, makeStyle(false))).toBe(`No cards to retry.\n${line}\n`);
});

test('off a terminal, no line of a plan begins or ends with a tab', async () => {
  const covered = {
    coverage: { from: FROM, to: TO, listened: [], gaps: [] },
    firstEventAt: null,
    lastEventAt: null,
    isListenedTo: true,
  };
  const entry = lookUpError('production', 'PRD_HOPPER_DOOR');
  const one = { card: { profileId: 1001, cardToken: null, orderId: 501, daysLeft: 60 }, changedAt: FROM };
  const render = async (turn: Turn) => {
    const cards = [
      { one, entry, turn: 'first' },
      { one, entry, turn },
    ] as KioskPlan['cards'];
    const kiosks = [{ kioskId: 'WIS00001' as KioskId, cards, usual: null }];
    return (await renderPlan({ plan: { ...plan, kiosks }, covered }, makeStyle(false))).split('\n');
  };
  expect((await render('first')).slice(1, 3)).toEqual([
    '#\tCARD\tFAILED AT\tERROR\tDAYS LEFT',
    `1\t1001/501\t${localTime(FROM)}\tPRD_HOPPER_DOOR\t60`,
  ]);
  expect((await render('again')).slice(1, 4)).toEqual([
    '#\tCARD\tFAILED AT\tERROR\tDAYS LEFT\tNOTE',
    `1\t1001/501\t${localTime(FROM)}\tPRD_HOPPER_DOOR\t60\t–`,
    `2\t1001/501\t${localTime(FROM)}\tPRD_HOPPER_DOOR\t60\tfailed in an earlier run, sent last`,
  ]);
});
