import { describe, expect, test } from 'vitest';
import { atTheEnd } from '../at-the-end.ts';
import { testUnless } from '../machine.ts';
import { noteIn } from './notes.ts';

test('this one cleans up', () => {
  atTheEnd(() => noteIn('fussy'));
  expect(true).toBe(true);
});

describe('a pig', () => {
  testUnless('it has no wings')('flies', () => expect.fail('it was tried'));
});
