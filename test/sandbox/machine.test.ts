import { describe, expect, test } from 'vitest';
import {
  accept,
  becomeReady,
  dropQueued,
  enqueue,
  finish,
  refusalOf,
  refuse,
  start,
} from '../../src/sandbox/state/production-flow.ts';
import { type Track, UNTOUCHED } from '../../src/sandbox/state/tables/productions.ts';

const ready: Track = becomeReady(UNTOUCHED, 100) ?? UNTOUCHED;

describe('the state machine of a production', () => {
  test('a production becomes READY once', () => {
    expect(ready.production).toEqual({ status: 'READY', kioskId: null, occurredAt: 100, errorCode: null });
    expect(becomeReady(ready, 200)).toBeNull();
    expect(refusalOf(UNTOUCHED)).toBe('UNABLE_TO_ACCEPT_REQUEST');
    expect(refusalOf(ready)).toBeNull();
  });

  test('a production sets a later time for each request, and keeps the time of the request in its result', () => {
    const begun = accept(ready, { kioskId: 'K', at: 100 });
    expect(begun.production).toMatchObject({ status: 'IN_PROGRESS', kioskId: 'K', occurredAt: 101 });
    expect(refusalOf(begun)).toBe('REQUEST_ALREADY_EXISTS');
    const failed = finish(begun, { status: 'PRODUCTION_ERROR', errorCode: null });
    expect(failed?.production).toMatchObject({ occurredAt: 101, errorCode: 'UNKNOWN_ERROR' });
    const again = accept(refuse(failed ?? UNTOUCHED, 90), { kioskId: 'K', at: 95 });
    expect(again.production?.occurredAt).toBe(103);
  });

  test('a production keeps the time of a queued request, and refuses others meanwhile', () => {
    const queued = enqueue(ready, { kioskId: 'K', at: 150 });
    expect(queued.production).toEqual(ready.production);
    expect(refusalOf(queued)).toBe('REQUEST_ALREADY_EXISTS');
    const begun = start(queued);
    expect(begun).toMatchObject({ production: { status: 'IN_PROGRESS', occurredAt: 150 }, queued: null });
    expect(start(begun ?? UNTOUCHED)).toBeNull();
    expect(refusalOf(dropQueued(queued))).toBeNull();
  });

  test('only a production in progress can end', () => {
    expect(finish(UNTOUCHED, { status: 'PRODUCED', errorCode: null })).toBeNull();
    expect(finish(ready, { status: 'PRODUCED', errorCode: null })).toBeNull();
    const done = finish(accept(ready, { kioskId: 'K', at: 200 }), { status: 'PRODUCED', errorCode: 'X' });
    expect(done?.production).toMatchObject({ status: 'PRODUCED', errorCode: null });
    expect(finish(done ?? UNTOUCHED, { status: 'PRODUCTION_ERROR', errorCode: 'X' })).toBeNull();
    expect(refusalOf(done ?? UNTOUCHED)).toBe('REQUEST_ALREADY_EXISTS');
  });
});
