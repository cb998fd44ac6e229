import { describe, expect, test } from 'vitest';
import { lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import { neverAgain, productionFailed, productionRefused } from '../../src/domain/guards.ts';
import { parseKioskId } from '../../src/domain/ids.ts';
import { advise } from '../../src/domain/runbook.ts';
import { card, production, TOKEN } from '../harness/records.ts';

const NAME = `1001/${TOKEN}`;
const failed = (errorCode: string | null) =>
  card({ production: production('PRODUCTION_ERROR', { errorCode }) });

describe('a failed production', () => {
  test('the failure of a production has code, kiosk, meaning, fix and command', () => {
    const failure = productionFailed(failed('PRD_HOPPER_DOOR'));
    expect(failure).toMatchObject({
      code: 'production-failed',
      exitCode: 4,
      details: { errorCode: 'PRD_HOPPER_DOOR' },
    });
    for (const part of [NAME, 'WIS00001', 'PRD_HOPPER_DOOR']) expect(failure.message).toContain(part);
    expect(failure.hint).toContain(`kioskctl retry ${NAME}`);
  });

  test.each([
    ['CB_NOT_AVAILABLE', 5],
    ['PRD_LASER_TIRED', 5],
    [null, 4],
  ])('with the code %s ends with %i', (errorCode, exitCode) => {
    expect(productionFailed(failed(errorCode)).exitCode).toBe(exitCode);
  });

  test('the failure of a production shows no control characters of its code', () => {
    const failure = productionFailed(failed('\u001b[2JPRD'));
    expect(failure.details?.errorCode).toBe('\\u001b[2JPRD');
    expect(failure.message).not.toContain('\u001b');
  });
});

describe('a refused request', () => {
  const ready = card({ production: production('READY') }, parseKioskId('WIS00001'));

  test.each([
    ['KIOSK_ID_NOT_FOUND', 4],
    ['PIN_LENGTH_ERROR', 5],
    ['CHARSET_NOT_SUPPORTED', 5],
    ['PAN_ALREADY_EXISTS', 8],
    ['REQUEST_ALREADY_EXISTS', 8],
  ])('with %s ends with %i', (errorCode, exitCode) => {
    const refusal = production('REQUEST_ERROR', { errorCode });
    expect(productionRefused(ready, refusal, { traceId: 't' })).toMatchObject({
      code: 'production-refused',
      exitCode,
      details: { errorCode, traceId: 't' },
    });
  });
});

test('a retry that the runbook of the team forbids ends with 6 and the reason', () => {
  const page = { owner: null, steps: [], link: null, contact: null, retry: 'never' } as const;
  const runbook = { pages: [{ kind: 'production', code: 'PRD_EMBOSSER', ...page }] } as const;
  const failure = neverAgain(failed('X'), advise(runbook, lookUpError('production', 'PRD_EMBOSSER')));
  expect(failure).toMatchObject({ exitCode: 6, details: { errorCode: 'PRD_EMBOSSER' } });
  expect(failure.message).toContain(NAME);
});
