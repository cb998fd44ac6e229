// The plan of a retry, as users see it before they approve it.
import { expect, test } from 'vitest';
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
