import { describe, expect, test } from 'vitest';
import { ERROR_CATALOGUE, findErrors, lookUpError } from '../../../src/domain/errors/error-catalogue.ts';

// From the vendor's documentation, as wise/FACTS lists them.
const REQUEST_CODES = [
  'UNKNOWN_ERROR',
  'REQUEST_ALREADY_EXISTS',
  'KIOSK_ID_NOT_FOUND',
  'CARD_TYPE_NOT_FOUND',
  'INVALID_FIELD_VALUE',
  'INVALID_PIN_FORMAT',
  'EMPTY_OR_NULL_FIELD_VALUE',
  'EMPTY_OR_NULL_OR_WRONG_SIZE_FIELD_VALUE',
  'CHARSET_NOT_SUPPORTED',
  'INVALID_FIELD_FORMAT',
  'INVALID_FIELD_ENCODING',
  'CDATA_ENCODING_OR_FORMATING_ERROR',
  'PIN_LENGTH_ERROR',
  'PIN_VERIFICATION_FAILED',
  'DATA_PREPARATION_FAILED',
  'PARTIAL_DATA_RECEIVED',
  'NO_BRANCH_LINKED_TO_KIOSK',
  'IMAGE_SERVER_ERROR',
  'PAN_ALREADY_EXISTS',
  'PRINTER_OR_SATELLITE_NOT_READY',
  'REQUEST_CREATED_BUT_NOT_STARTED',
  'UNABLE_TO_ACCEPT_REQUEST',
];

const PRODUCTION_CODES: Record<string, string[]> = {
  'central base': [
    'CB_NOT_AVAILABLE',
    'CB_DB_NOT_AVAILABLE',
    'CB_NETWORK_NOT_AVAILABLE',
    'CB_AUTHENTICATION_FAILED',
    'CB_SERVICE_NOT_ALLOWED',
    'CB_TIME',
  ],
  'data preparation': ['DP_NOT_AVAILABLE', 'DP_IO_ERROR', 'DP_TIMEOUT'],
  'satellite agent': ['SAT_SERVER_NOT_REACHABLE', 'SAT_AUTHENTICATION_FAILED', 'SAT_NETWORK_NOT_AVAILABLE'],
  printer: [
    'PRT_NOT_REACHABLE',
    'PRT_SETUP_ERROR',
    'PRT_TIMEOUT',
    'PRT_RIBBON',
    'PRT_LOCK_ERROR',
    'PRT_RIBBON_MISSING',
    'PRT_RIBBON_ENDED',
    'PRT_COVER_OPEN',
    'PRT_PAUSED',
  ],
  production: [
    'PRD_UNEXPECTED_DATA',
    'PRD_FEEDER_EMPTY',
    'PRD_FEEDER_JAM',
    'PRD_HOPPER_FULL',
    'PRD_HOPPER_DOOR',
    'PRD_HOPPER_JAM',
    'PRD_MAGSTRIPE',
    'PRD_SMARTCARD',
    'PRD_EMBOSSER',
    'PRD_TIMEOUT',
    'PRD_REJECT_FULL',
    'PRD_SMARTCARD_CARD_NOT_IN_READER',
    'PRD_FINAL_VALIDATION_NOK',
  ],
  inventory: ['INV_NOT_INITIALIZED'],
  unknown: ['UNKNOWN_ERROR'],
};

function codesOf(kind: string): string[] {
  return ERROR_CATALOGUE.filter((entry) => entry.kind === kind).map(({ code }) => code);
}

describe('the catalogue', () => {
  test('has the 22 documented request errors, each once', () => {
    expect(codesOf('request').toSorted()).toEqual(REQUEST_CODES.toSorted());
    expect(codesOf('request')).toHaveLength(22);
  });

  test('has the 36 documented production errors, each once', () => {
    expect(codesOf('production').toSorted()).toEqual(Object.values(PRODUCTION_CODES).flat().toSorted());
    expect(codesOf('production')).toHaveLength(36);
  });

  test.each(Object.entries(PRODUCTION_CODES))('groups what belongs to %s', (group, codes) => {
    const grouped = ERROR_CATALOGUE.filter((entry) => entry.kind === 'production' && entry.group === group);
    expect(grouped.map(({ code }) => code).toSorted()).toEqual(codes.toSorted());
  });

  test('says in words what each code means and what to do next', () => {
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
    ['never', ['kiosk-attendant', 'operations', 'integration', 'wise'], 6],
    ['reconcile', ['kiosk-attendant', 'operations', 'integration', 'wise'], 8],
  ])('ends with the exit code of who acts: retry %s by %j is %i', (retry, actors, exitCode) => {
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
    ['request', 'PAN_ALREADY_EXISTS', 'never'],
    ['production', 'PRD_HOPPER_DOOR', 'after-fix'],
    ['production', 'UNKNOWN_ERROR', 'after-fix'],
  ] as const)('of a %s, %s is to be repeated: %s', (kind, code, retry) => {
    expect(lookUpError(kind, code).retry).toBe(retry);
  });

  test('leaves the mechanics of a machine to the people at it', () => {
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
  test('without one is UNKNOWN_ERROR of that kind', () => {
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
    '%j, which nobody documented, is shown as it came, with advice that can not do harm',
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

  test('a code of the other kind is not one of this kind', () => {
    expect(lookUpError('production', 'KIOSK_ID_NOT_FOUND').documented).toBe(false);
    expect(lookUpError('request', 'PRD_HOPPER_DOOR').documented).toBe(false);
  });

  test('finds every kind of a code, in any case', () => {
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
