import { expect, test } from 'vitest';
import { numbered, valuesOf } from '../../src/postgres/statements.ts';

test.each([
  ['SELECT :a, :b, :a', 'SELECT $1, $2, $1', ['a', 'b']],
  ['VALUES (?, ?)', 'VALUES ($1, $2)', ['0', '1']],
  [
    `SELECT ':a', '?', 'it''s :a' AS ":a" -- :a, don't\n, :b`,
    `SELECT ':a', '?', 'it''s :a' AS ":a" -- :a, don't\n, $1`,
    ['b'],
  ],
  ['SELECT :a::text, 1::int, x[1:2]', 'SELECT $1::text, 1::int, x[1:2]', ['a']],
])('the parameters of %s are numbered, and nothing that only looks like one', (sql, text, parameters) => {
  expect(numbered(sql)).toMatchObject({ text, parameters });
});

test('each statement has a name of its own, and the same one every time', () => {
  const [first, second] = [numbered('SELECT :first'), numbered('SELECT :second')];
  expect(numbered('SELECT :first')).toBe(first);
  expect(first.name).not.toBe(second.name);
});

test('a statement without one of its values is a bug', () => {
  expect(() => valuesOf(numbered('SELECT :a, :b'), { a: 1 })).toThrow('a statement without a value for :b');
});
