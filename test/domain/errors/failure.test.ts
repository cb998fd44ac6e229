import { describe, expect, test } from 'vitest';
import { asFailure, Failure, type FailureCode, Outage } from '../../../src/domain/errors/failure.ts';

const EXIT_CODES: [FailureCode, number][] = [
  ['internal-error', 1],
  ['usage', 2],
  ['unknown-command', 2],
  ['invalid-reference', 2],
  ['invalid-input', 2],
  ['input-required', 2],
  ['environment-not-chosen', 2],
  ['environment-mismatch', 2],
  ['profile-mismatch', 2],
  ['credentials-missing', 3],
  ['credentials-unusable', 3],
  ['credentials-refused', 3],
  ['approval-required', 5],
  ['requirement-failed', 5],
  ['card-expired', 6],
  ['order-cancelled', 6],
  ['order-returned', 6],
  ['unreachable', 7],
  ['api-failing', 7],
  ['answer-unreadable', 7],
  ['rate-limited', 7],
  ['not-seen', 7],
  ['outcome-unknown', 8],
  ['not-confirmed', 9],
  ['sandbox-only', 9],
  ['wrong-stage', 9],
  ['not-a-kiosk-order', 9],
  ['attempt-open', 9],
  ['attempt-superseded', 9],
  ['no-listener', 9],
  ['rejected', 10],
  ['not-found', 10],
  ['limit-reached', 10],
  ['address-rejected', 10],
  ['signature-invalid', 10],
  ['deadline-passed', 75],
  ['interrupted', 130],
  ['terminated', 143],
];

describe('a failure', () => {
  test.each(EXIT_CODES)('a failure %s ends with %i, whatever its options', (code, exitCode) => {
    expect(new Failure(code, 'm', { hint: 'h' }).exitCode).toBe(exitCode);
    expect(new Failure(code, 'm', { hint: 'h', exitCode: 4 }).exitCode).toBe(exitCode);
  });

  test.each(['production-failed', 'production-refused'] as const)(
    'a failure %s ends with the exit code of the catalogue',
    (code) => {
      expect(new Failure(code, 'm', { hint: 'h', exitCode: 5 }).exitCode).toBe(5);
    },
  );

  test('the document of a failure has code, message, hint and details only', () => {
    const failure = new Failure('rejected', 'No.', { hint: 'Yes.', details: { httpStatus: 400 } });
    failure.cause = new Error('secret');
    expect(failure.toDocument()).toEqual({
      code: 'rejected',
      message: 'No.',
      hint: 'Yes.',
      details: { httpStatus: 400 },
    });
    expect(Object.keys(new Failure('rejected', 'No.', { hint: 'Yes.', details: {} }).toDocument())).toEqual([
      'code',
      'message',
      'hint',
    ]);
  });
});

test('an outage is a failure with the pause that the vendor asked for', () => {
  const limited = new Outage('rate-limited', 'm', { hint: 'h', retryAfter: 2_000 });
  expect(limited).toBeInstanceOf(Failure);
  expect(limited).toMatchObject({ exitCode: 7, retryAfter: 2_000 });
  expect(new Outage('unreachable', 'm', { hint: 'h' }).retryAfter).toBeNull();
});

describe('any other error', () => {
  test('any other error is a bug, and its message is redacted', () => {
    const failure = asFailure(new TypeError('no header: Authorization: Bearer tok-4711'));
    expect(failure).toMatchObject({ code: 'internal-error', exitCode: 1 });
    const shown = JSON.stringify(failure.toDocument());
    expect(shown).not.toContain('tok-4711');
    expect(shown).not.toContain('failure.test.ts');
  });

  test.each([['text'], [undefined], [null], [{ a: 1 }], [Symbol('x')]])(
    'a thrown %o is a bug, too',
    (thrown) => {
      expect(asFailure(thrown).exitCode).toBe(1);
    },
  );

  test('a failure is not converted', () => {
    const failure = new Failure('usage', 'm', { hint: 'h' });
    expect(asFailure(failure)).toBe(failure);
  });
});
