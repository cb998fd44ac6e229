import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, mergeOrders, SAMPLE_ORDER } from '../../src/domain/order.ts';

describe('laying partial orders over each other', () => {
  test('merging orders lets a later value win, field by field', () => {
    const merged = mergeOrders([
      {
        program: 'A',
        cardHolderName: 'Ada',
        address: { firstLine: '1 Road', city: 'London', country: 'GB' },
      },
      { program: 'B', address: { city: 'Leeds' } },
      { address: { firstLine: '2 Street' } },
    ]);
    expect(merged).toEqual({
      program: 'B',
      cardHolderName: 'Ada',
      address: { firstLine: '2 Street', city: 'Leeds', country: 'GB' },
    });
  });

  test('merging orders ignores undefined and null, also in the address', () => {
    const given = { program: 'A', phoneNumber: '+441', address: { city: 'London' } };
    const nothing = { program: undefined, phoneNumber: null, address: { city: null, state: undefined } };
    expect(mergeOrders([given, nothing])).toEqual(given);
    expect(mergeOrders([nothing])).toEqual({ address: {} });
    expect(mergeOrders([])).toEqual({});
  });

  test('merging orders does not change the parts', () => {
    const sample = structuredClone(SAMPLE_ORDER);
    const parts = [SAMPLE_ORDER, { address: { city: 'Leeds' } }];
    mergeOrders(parts);
    expect(SAMPLE_ORDER).toEqual(sample);
  });

  test('merging orders with a field __proto__ changes no prototype', () => {
    mergeOrders([
      {},
      JSON.parse('{"address":{"__proto__":{"polluted":true}},"__proto__":{"polluted":true}}'),
    ]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});

/** The same data with their fields in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
}

describe('the canonical text of an order', () => {
  const data = fc.letrec<{ value: unknown; record: Record<string, unknown> }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('value'), { maxLength: 3 }),
      tie('record'),
    ),
    record: fc.dictionary(fc.string({ minLength: 1, maxLength: 3 }), tie('value'), { maxKeys: 5 }),
  })).record;

  test('the canonical text does not depend on the order of fields, at any depth', () => {
    fc.assert(
      fc.property(data, (order) => {
        expect(canonical(shuffled(order))).toBe(canonical(order));
      }),
    );
  });

  test('the canonical text contains all values', () => {
    fc.assert(
      fc.property(data, (order) => {
        expect(JSON.parse(canonical(order))).toEqual(JSON.parse(JSON.stringify(order)));
      }),
    );
  });

  test('the canonical text differs for different values, including the order in a list', () => {
    expect(canonical({ a: [1, 2] })).not.toBe(canonical({ a: [2, 1] }));
    expect(canonical({ a: '1' })).not.toBe(canonical({ a: 1 }));
    expect(canonical({ address: { city: 'Leeds' } })).not.toBe(canonical({ address: { state: 'Leeds' } }));
  });
});
