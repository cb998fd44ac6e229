import * as v from 'valibot';
import { expect, test } from 'vitest';
import { STEP_DEFINITIONS, STEP_WORDS } from '../../../src/scenarios/steps/definitions.ts';
import { defineStep } from '../../../src/scenarios/steps/step.ts';

test('a step kind without an implementation does not compile', () => {
  const blink = {
    kind: 'blink',
    about: 'Blinks.',
    schema: v.null(),
    card: 'needed',
    storedBefore: false,
    requires: null,
  } as const;
  // @ts-expect-error -- `run` is missing
  expect(defineStep(blink)).not.toHaveProperty('run');
  expect(defineStep({ ...blink, run: async () => undefined })).toHaveProperty('run');
});

test('every step kind has a keyword of its own and an implementation', () => {
  expect(new Set(STEP_WORDS).size).toBe(STEP_WORDS.length);
  for (const definition of STEP_DEFINITIONS) expect(definition).toHaveProperty('run', expect.any(Function));
});

test('every step that sends a card to a kiosk is stored before it starts', () => {
  const sending = STEP_DEFINITIONS.filter((definition) => 'kiosk' in definition);
  expect(sending.map(({ kind }) => kind)).toEqual(['produce', 'retry']);
  expect(sending.every(({ storedBefore }) => storedBefore)).toBe(true);
});
