import { describe, expect, test } from 'vitest';
import {
  codesOf,
  ERROR_CATALOGUE,
  findErrors,
  lookUpError,
} from '../../../src/domain/errors/error-catalogue.ts';

describe('the catalogue', () => {
  test('the catalogue has the codes of the documentation in their groups', () => {
    expect(ERROR_CATALOGUE.map(({ kind, group, code }) => `${kind}, ${group}: ${code}`)).toMatchSnapshot();
  });

  test('the catalogue has each code of a kind once', () => {
    for (const kind of ['request', 'production'] as const)
      expect(codesOf(kind)).toEqual([...new Set(codesOf(kind))]);
  });

  test('the catalogue has a meaning and a next step for each code', () => {
    for (const { code, meaning, nextStep, documented } of ERROR_CATALOGUE) {
      expect(documented).toBe(true);
      for (const text of [meaning, nextStep]) {
        expect(text, code).toMatch(/^[A-Z].*\.$/);
        expect(text.split(' ').length, code).toBeGreaterThan(3);
        expect(text, code).not.toContain(code);
      }
    }
  });

  test.each([
    ['now', ['kiosk-attendant', 'operations', 'integration', 'wise'], 4],
    ['after-fix', ['kiosk-attendant', 'operations'], 4],
    ['after-fix', ['integration', 'wise'], 5],
    ['reconcile', ['kiosk-attendant', 'operations', 'integration', 'wise'], 8],
  ])('the exit code for retry advice %s and actors %j is %i', (retry, actors, exitCode) => {
    const entries = ERROR_CATALOGUE.filter((entry) => entry.retry === retry && actors.includes(entry.actor));
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) expect(entry.exitCode, entry.code).toBe(exitCode);
  });

  test.each([
    ['request', 'REQUEST_ALREADY_EXISTS', 'reconcile'],
    ['request', 'REQUEST_CREATED_BUT_NOT_STARTED', 'reconcile'],
    ['request', 'UNKNOWN_ERROR', 'reconcile'],
    ['request', 'UNABLE_TO_ACCEPT_REQUEST', 'now'],
    ['request', 'KIOSK_ID_NOT_FOUND', 'after-fix'],
    ['request', 'PAN_ALREADY_EXISTS', 'reconcile'],
    ['request', 'CHARSET_NOT_SUPPORTED', 'after-fix'],
    ['production', 'PRD_HOPPER_DOOR', 'after-fix'],
    ['production', 'UNKNOWN_ERROR', 'after-fix'],
  ] as const)('the retry advice for a %s with %s is %s', (kind, code, retry) => {
    expect(lookUpError(kind, code).retry).toBe(retry);
  });

  test('no error code is final by itself', () => {
    expect(ERROR_CATALOGUE.filter(({ retry }) => retry === 'never')).toEqual([]);
    expect(ERROR_CATALOGUE.filter(({ nextStep }) => /order (a new|anew)/i.test(nextStep))).toEqual([]);
  });

  test.each([
    ['PAN_ALREADY_EXISTS', { actor: 'wise', exitCode: 8 }, /^Ask Wise .* Do not order again/],
    ['CHARSET_NOT_SUPPORTED', { actor: 'integration', exitCode: 5 }, /^Check the name/],
    ['EMPTY_OR_NULL_FIELD_VALUE', { actor: 'wise' }, /^Check the age of the card first/],
    ['EMPTY_OR_NULL_OR_WRONG_SIZE_FIELD_VALUE', { actor: 'wise' }, /^Check the age of the card first/],
    ['INVALID_PIN_FORMAT', { actor: 'wise', exitCode: 5 }, /^Ask Wise/],
    ['PIN_LENGTH_ERROR', { actor: 'wise', exitCode: 5 }, /^Ask Wise/],
    ['IMAGE_SERVER_ERROR', { actor: 'wise' }, /If it fails again, the data may be the cause: ask Wise/],
    ['PRD_SMARTCARD', { actor: 'kiosk-attendant' }, /If it fails again, ask Wise\.$/],
    ['PRD_MAGSTRIPE', { actor: 'kiosk-attendant' }, /If it fails again, ask Wise\.$/],
    [
      'SAT_AUTHENTICATION_FAILED',
      { actor: 'operations' },
      /^Ask the manufacturer to check the configuration/,
    ],
  ])('the next step after %s is that of its owner', (code, owner, nextStep) => {
    const [entry] = findErrors(code);
    expect(entry).toMatchObject(owner);
    expect(entry?.nextStep).toMatch(nextStep);
  });

  test('a meaning or cause that Wise does not document is marked as an assumption, with the word for readers', () => {
    const assumed = ERROR_CATALOGUE.filter(({ assumption }) => assumption);
    expect(assumed.map(({ code, kind }) => `${kind} ${code}`).toSorted()).toEqual([
      'production PRD_TIMEOUT',
      'request CHARSET_NOT_SUPPORTED',
      'request EMPTY_OR_NULL_FIELD_VALUE',
      'request EMPTY_OR_NULL_OR_WRONG_SIZE_FIELD_VALUE',
      'request PAN_ALREADY_EXISTS',
      'request UNKNOWN_ERROR',
    ]);
    for (const { meaning, assumption } of ERROR_CATALOGUE)
      expect(meaning.includes('Assumption: '), meaning).toBe(assumption);
  });

  test('mechanical errors are for the kiosk attendant', () => {
    const doors = [
      'PRD_HOPPER_DOOR',
      'PRT_COVER_OPEN',
      'PRD_FEEDER_EMPTY',
      'PRT_RIBBON_ENDED',
      'PRD_REJECT_FULL',
    ];
    for (const code of doors) {
      expect(lookUpError('production', code)).toMatchObject({ actor: 'kiosk-attendant', exitCode: 4 });
    }
  });
});

describe('looking up a code', () => {
  test('a missing code counts as UNKNOWN_ERROR of its kind', () => {
    expect(lookUpError('request', null)).toMatchObject({
      code: 'UNKNOWN_ERROR',
      kind: 'request',
      exitCode: 8,
    });
    expect(lookUpError('production', null)).toMatchObject({
      code: 'UNKNOWN_ERROR',
      kind: 'production',
      exitCode: 4,
    });
  });

  test.each(['PRD_LASER_TIRED', 'KIOSK_ON_FIRE', '', 'constructor', 'prd_hopper_door', '\u001b[2J'])(
    '%j, which nobody documented, is shown as it came, with advice that cannot do harm',
    (code) => {
      // A refused request may have been accepted after all: nothing may be sent before somebody looked.
      expect(lookUpError('request', code)).toMatchObject({
        code,
        documented: false,
        retry: 'reconcile',
        exitCode: 8,
      });
      expect(lookUpError('production', code)).toMatchObject({
        code,
        documented: false,
        retry: 'after-fix',
        exitCode: 5,
      });
    },
  );

  test('a code of the other kind is undocumented', () => {
    expect(lookUpError('production', 'KIOSK_ID_NOT_FOUND').documented).toBe(false);
    expect(lookUpError('request', 'PRD_HOPPER_DOOR').documented).toBe(false);
  });

  test('findErrors finds every kind of a code, in upper and lower case', () => {
    expect(
      findErrors('unknown_error')
        .map(({ kind }) => kind)
        .toSorted(),
    ).toEqual(['production', 'request']);
    expect(findErrors('Prd_Hopper_Door')).toHaveLength(1);
    expect(findErrors('HOPPER')).toEqual([]);
    expect(findErrors('')).toEqual([]);
  });
});
