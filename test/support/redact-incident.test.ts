import { describe, expect, test } from 'vitest';
import { IncidentRedactor, LEFT_OUT, type Privacy } from '../../src/support/redact-incident.ts';

const ADA = { user: 'ada', host: 'laptop' };
const BEN = { user: 'ben', host: 'ci-7' };
const SECRET = 'a-token-that-we-know';

function outsiders(more: Partial<Privacy> = {}): IncidentRedactor {
  const privacy = { hasNames: false, hasReasons: true, secrets: [SECRET], ...more };
  return new IncidentRedactor([ADA, BEN, ADA], privacy);
}

test('operators are numbered for outsiders, and named for their own team', () => {
  const safe = outsiders();
  expect([BEN, ADA].map((person) => safe.operator(person))).toEqual(['operator-2', 'operator-1']);
  expect(outsiders({ hasNames: true }).operator(ADA)).toBe('ada@laptop');
});

describe('a reason', () => {
  test.each([
    [
      'the door was open; ticket INC0012345678, at 10:15',
      'the door was open; ticket INC0012345678, at 10:15',
    ],
    ['as of 2026-11-22 10:15 the door is closed', 'as of 2026-11-22 10:15 the door is closed'],
    ['Ada said so, ben@ci-7 too', 'operator-1 said so, operator-2 too'],
    ['Adam on laptop', 'Adam on [host]'],
    ['Bearer abc.def', 'Bearer [redacted]'],
    [`with ${SECRET}`, 'with [redacted]'],
    ['client_secret=hunter22', 'client_secret=[redacted]'],
    ['ask sam.sample@bank.example', 'ask [e-mail]'],
    ['call +44 (0)1234 567-890 now', 'call [phone] now'],
    ['call 01234567890', 'call [number]'],
    ['card 4111 1111 1111 1111 is spoiled', 'card [number] is spoiled'],
    ['order 501, 3 of 12', 'order 501, 3 of 12'],
    ['card 12345678-1234-4234-8234-123456789012', 'card 12345678-1234-4234-8234-123456789012'],
  ])('%j', (text, told) => {
    expect(outsiders().reason(text)).toBe(told);
  });

  test('a reason can be left out, and has at most 500 characters', () => {
    expect(outsiders({ hasReasons: false }).reason('x')).toBeNull();
    expect(outsiders().reason(null)).toBeNull();
    expect(outsiders().reason('x '.repeat(900))).toHaveLength(500);
  });

  test('a reason for the own team has names, but no secrets', () => {
    const told = outsiders({ hasNames: true }).reason('ada has Bearer abc');
    expect(told).toBe('ada has Bearer [redacted]');
  });

  test('a very long reason is redacted in linear time', () => {
    // In quadratic time, 200,000 characters would take minutes.
    const began = performance.now();
    for (const text of ['a.', '1 ', '+1', '1-', 'a@']) outsiders().reason(text.repeat(100_000));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});

describe('what the vendor sent', () => {
  test.each([
    ['PRD_HOPPER_DOOR', 'PRD_HOPPER_DOOR'],
    ['cards#card-production-status-change', 'cards#card-production-status-change'],
    ['Ada Example', LEFT_OUT],
    ['<b>', LEFT_OUT],
    ['x'.repeat(101), LEFT_OUT],
    ['+441234567890', '[phone]'],
    ['4111111111111111', '[number]'],
    [SECRET, '[redacted]'],
    [null, null],
  ])('as a word: %j', (text, told) => {
    expect(outsiders().word(text)).toBe(told);
  });

  test.each([
    ['2026-03-01T11:00:00.120Z', '2026-03-01T11:00:00.120Z'],
    ['2024-01-01T12:24:560Z', '2024-01-01T12:24:560Z'],
    ['yesterday', LEFT_OUT],
    ['4111111111111111', LEFT_OUT],
    [null, null],
  ])('as a time: %j', (text, told) => {
    expect(outsiders().time(text)).toBe(told);
  });
});
