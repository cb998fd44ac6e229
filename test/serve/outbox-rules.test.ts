import { expect, test } from 'vitest';
import { dueIn, nameOfTarget, pauseAfter } from '../../src/serve/outbox-rules.ts';

test('the pause between two deliveries doubles from a second to a minute', () => {
  const pauses = [0, 1, 2, 3, 6, 7, 8, 20_000].map(pauseAfter);
  expect(pauses).toEqual([0, 1_000, 2_000, 4_000, 32_000, 60_000, 60_000, 60_000]);
});

const row = { id: 1, eventId: 1, notice: null, storedAt: 0 };

test.each([
  ['a new row is due immediately, whatever its time is', 0, 9_000, 0],
  ['a failed row waits until its time', 3, 3_000, 3_000],
  ['a failed row waits no longer than its pause, although the calendar was set back', 3, 900_000, 4_000],
  ['a row whose time has passed is due', 3, -5, 0],
])('%s', (_, tries, ahead, expected) => {
  const now = 1_000_000;
  expect(dueIn({ ...row, tries, dueAt: now + ahead }, now)).toBe(expected);
});

test('the name of a target has its host, and tells apart paths without showing them', () => {
  const [one, other] = ['one', 'other'].map((path) =>
    nameOfTarget(new URL(`https://hooks.bank.example:8443/${path}?key=s3cret`)),
  );
  expect(one).toMatch(/^hooks\.bank\.example:8443-[0-9a-f]{8}$/);
  expect(other).not.toBe(one);
});
