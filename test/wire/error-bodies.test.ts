import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readVendorError } from '../../src/wire/error-bodies.ts';

test.each<[string, unknown, string | null, string | null]>([
  [
    'of OAuth',
    { error: 'invalid_grant', error_description: 'Invalid refresh token' },
    'invalid_grant',
    'Invalid refresh token',
  ],
  [
    'of a list, with where',
    {
      errors: [{ code: 'error.required', message: 'is required', path: 'address.city', arguments: ['city'] }],
    },
    'error.required',
    'address.city: is required',
  ],
  [
    'of a longer list',
    {
      errors: [
        { code: 'a', message: 'one', path: 'x' },
        { code: 'b', message: 'two', path: null },
        { code: 'c' },
      ],
    },
    'a',
    'x: one; two',
  ],
  [
    'of Spring',
    { timestamp: '2026-03-01T10:00:00Z', status: 404, error: 'Not Found', message: 'No card', path: '/v3/x' },
    'Not Found',
    'No card',
  ],
  [
    'with code and message',
    { code: 'spend.limit', message: 'No more cards' },
    'spend.limit',
    'No more cards',
  ],
  [
    'with category and description',
    { code: 'x.y', category: 'CLIENT', description: 'Why', details: { a: 1 } },
    'x.y',
    'Why',
  ],
  ['of a list that says nothing', { errors: [] }, null, null],
  ['of a list of texts', { errors: ['no'], message: 'said elsewhere' }, null, 'said elsewhere'],
  ['with empty texts', { code: '', error: 'e', message: '' }, 'e', null],
  ['with numbers', { code: 42, message: { text: 'x' } }, null, null],
  ['nothing', undefined, null, null],
  ['null', null, null, null],
  ['a text', 'Bad Gateway', null, null],
  ['a list', [{ code: 'x' }], null, null],
])('an error body %s is decoded', (_, body, code, message) => {
  expect(readVendorError(body)).toEqual({ code, message });
});

test('no error body makes the decoder throw', () => {
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('code', 'error', 'errors', 'message', 'path', 'x') }),
      (body) => {
        const { code, message } = readVendorError(body);
        for (const text of [code, message])
          expect(text === null || (typeof text === 'string' && text !== '')).toBe(true);
      },
    ),
  );
});
