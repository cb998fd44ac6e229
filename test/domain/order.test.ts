import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, mergeOrders, SAMPLE_ORDER } from '../../src/domain/order.ts';

describe('laying partial orders over each other', () => {
  test('a later one wins, field by field', () => {
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

  test('what is undefined or null counts as not given, in the address too', () => {
    const given = { program: 'A', phoneNumber: '+441', address: { city: 'London' } };
    const nothing = { program: undefined, phoneNumber: null, address: { city: null, state: undefined } };
    expect(mergeOrders([given, nothing])).toEqual(given);
    expect(mergeOrders([nothing])).toEqual({ address: {} });
    expect(mergeOrders([])).toEqual({});
  });

  test('leaves the parts as they were', () => {
    const sample = structuredClone(SAMPLE_ORDER);
    const parts = [SAMPLE_ORDER, { address: { city: 'Leeds' } }];
    mergeOrders(parts);
    expect(SAMPLE_ORDER).toEqual(sample);
  });

  test('a field of the name __proto__ reaches no object', () => {
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

  test('does not depend on the order of fields, at any depth', () => {
    fc.assert(
      fc.property(data, (order) => {
        expect(canonical(shuffled(order))).toBe(canonical(order));
      }),
    );
  });

  test('says all of it', () => {
    fc.assert(
      fc.property(data, (order) => {
        expect(JSON.parse(canonical(order))).toEqual(JSON.parse(JSON.stringify(order)));
      }),
    );
  });

  test('tells apart what differs, the order in a list included', () => {
    expect(canonical({ a: [1, 2] })).not.toBe(canonical({ a: [2, 1] }));
    expect(canonical({ a: '1' })).not.toBe(canonical({ a: 1 }));
    expect(canonical({ address: { city: 'Leeds' } })).not.toBe(canonical({ address: { state: 'Leeds' } }));
  });
});
