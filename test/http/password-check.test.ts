import { expect, test } from 'vitest';
import { PasswordCheck } from '../../src/http/password-check.ts';

function basic(password: string): string {
  return `Basic ${Buffer.from(`anyone:${password}`).toString('base64')}`;
}

function openCheck() {
  const clock = { seconds: 1_000 };
  const check = new PasswordCheck('horse', () => clock.seconds);
  return {
    clock,
    verdict: (password: string, address = '192.0.2.1') => check.check(basic(password), address),
  };
}

test('an address has ten guesses, and one more every six seconds', () => {
  const { clock, verdict } = openCheck();
  const guesses = Array.from({ length: 11 }, (_, index) => verdict(String(index)));
  expect(guesses).toEqual([...Array<string>(10).fill('wrong'), 'throttled']);
  expect(verdict('horse'), 'the right one is not compared').toBe('throttled');
  clock.seconds += 6;
  expect(verdict('horse')).toBe('right');
  expect(verdict('wrong')).toBe('wrong');
  expect(verdict('horse')).toBe('throttled');
  clock.seconds += 600;
  expect(verdict('horse')).toBe('right');
});

test('right passwords use up no guess, and a request without a password is none', () => {
  const { verdict } = openCheck();
  for (let index = 0; index < 50; index += 1) expect(verdict('horse')).toBe('right');
  expect(new PasswordCheck('horse').check(undefined, '192.0.2.1')).toBe('missing');
  expect(new PasswordCheck('horse').check('Bearer horse', '192.0.2.1')).toBe('missing');
});

test.each([
  ['192.0.2.1', '::ffff:192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['2001:db8:1:2::1', '2001:db8:1:2:aaaa::9', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['2001:db8::1', '2001:db8:0:0:5::1', true],
  ['::1', '::2', true],
])('wrong passwords from %s count for %s: %s', (one, other, isSame) => {
  const { verdict } = openCheck();
  for (let index = 0; index < 10; index += 1) verdict('wrong', one);
  expect(verdict('horse', other)).toBe(isSame ? 'throttled' : 'right');
});

test('when too many addresses sent wrong passwords, new ones share one limit', () => {
  const { clock, verdict } = openCheck();
  for (let index = 0; index < 1_000; index += 1) verdict('wrong', `10.0.${index >> 8}.${index & 255}`);
  for (let index = 0; index < 10; index += 1) expect(verdict('wrong', `10.9.0.${index}`)).toBe('wrong');
  expect(verdict('wrong', '10.9.1.1')).toBe('throttled');
  expect(verdict('horse', '10.0.0.1')).toBe('right');
  clock.seconds += 61;
  expect(verdict('horse', '10.9.1.1')).toBe('right');
});
