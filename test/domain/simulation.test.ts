import { describe, expect, test } from 'vitest';
import { unknownCode } from '../../src/domain/errors/error-catalogue.ts';
import type { Failure } from '../../src/domain/errors/failure.ts';
import { parseSimulation, toSimulation } from '../../src/domain/production.ts';

function mistakeIn(text: string): Failure {
  try {
    parseSimulation(text);
  } catch (error) {
    return error as Failure;
  }
  throw new Error(`${text} was taken`);
}

describe('a simulated result', () => {
  test.each([
    ['PRODUCED', { status: 'PRODUCED' }],
    ['produced', { status: 'PRODUCED' }],
    ['PRODUCTION_ERROR', { status: 'PRODUCTION_ERROR' }],
    ['PRODUCTION_ERROR:PRD_HOPPER_DOOR', { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' }],
    ['production_error:prd_hopper_door', { status: 'PRODUCTION_ERROR', errorCode: 'PRD_HOPPER_DOOR' }],
    ['PRODUCTION_ERROR:UNKNOWN_ERROR', { status: 'PRODUCTION_ERROR', errorCode: 'UNKNOWN_ERROR' }],
  ])('%s', (text, simulation) => {
    expect(parseSimulation(text)).toEqual(simulation);
  });

  test.each([
    ['', 'PRODUCED'],
    ['READY', 'PRODUCED'],
    ['IN_PROGRESS', 'PRODUCED'],
    ['PRD_HOPPER_DOOR', 'use PRODUCTION_ERROR:PRD_HOPPER_DOOR.'],
    ['prd_hopper_door', 'use PRODUCTION_ERROR:PRD_HOPPER_DOOR.'],
    ['PRODUCED:PRD_HOPPER_DOOR', 'PRODUCTION_ERROR:PRD_HOPPER_DOOR'],
    ['PRODUCED:', 'PRODUCTION_ERROR'],
    ['PRODUCTION_ERROR:', 'explain'],
    ['PRODUCTION_ERROR:PRD_HOPER_DOOR', 'PRD_HOPPER_DOOR'],
    ['PRODUCTION_ERROR:KIOSK_ID_NOT_FOUND', 'explain'],
    ['PRODUCTION_ERROR:REQUEST_CREATED_BUT_NOT_STARTED', 'explain'],
    ['PRODUCTION_ERROR:XYZZY', 'explain'],
    ['PRODUCTION_ERROR:PRD_HOPPER_DOOR:PRD_HOPPER_JAM', ''],
  ])('%j is a mistake, and the hint goes on with %s', (text, hint) => {
    expect(mistakeIn(text)).toMatchObject({
      code: 'usage',
      exitCode: 2,
      hint: expect.stringContaining(hint),
    });
  });

  test('a mistake in a simulated result suggests only codes that can be simulated', () => {
    const { hint } = mistakeIn('PRODUCTION_ERROR:KIOSK_ID_NOTFOUND');
    expect(hint).not.toContain('KIOSK_ID_NOT_FOUND');
  });

  test('a mistake in a simulated result is shown without control characters', () => {
    const { message, hint } = mistakeIn('PRODUCTION_ERROR:\u001b[2J');
    expect(message + hint).not.toContain('\u001b');
    expect(mistakeIn('PRODUCED:\u001b[2J').hint).not.toContain('\u001b');
  });

  test('a simulated result of a status and a code is the same as in one text', () => {
    expect(toSimulation('PRODUCTION_ERROR', 'PRT_PAUSED')).toEqual(
      parseSimulation('PRODUCTION_ERROR:PRT_PAUSED'),
    );
    expect(() => toSimulation('', undefined)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});

describe('a code that does not exist', () => {
  test.each([
    ['PRD_HOPER_DOR', 'PRD_HOPPER_DOOR'],
    ['prt_ribbon_end', 'PRT_RIBBON_ENDED'],
    ['CDATA_ENCODING_OR_FORMATTING_ERROR', 'CDATA_ENCODING_OR_FORMATING_ERROR'],
  ])('%s may have been meant to be %s', (text, meant) => {
    expect(unknownCode(text)).toMatchObject({ code: 'usage', hint: expect.stringContaining(meant) });
  });

  test('an unknown code has at most three suggestions, and none without similar codes', () => {
    expect(unknownCode('XYZZY').hint).not.toContain('Did you mean');
    expect(unknownCode('PRD_HOPPER').hint.match(/[A-Z]+_[A-Z_]+/g)?.length ?? 0).toBeLessThanOrEqual(3);
  });
});
