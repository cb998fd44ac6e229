import { formatDuration } from '../domain/duration.ts';
import { Failure, type FailureDetails, Outage } from '../domain/failure.ts';
import { printable } from '../domain/terminal-text.ts';
import { readVendorError } from '../wire/error-bodies.ts';
import type { HttpAnswer, NoAnswer } from './single-request.ts';

/**
 * What an answer means that isn't a success.
 * @returns an Outage for what passes by itself (429, 5xx, a redirect), a Failure otherwise
 */
export function failureOf(answer: HttpAnswer & { correlationId: string; tokenSource?: string }): Failure {
  const { httpStatus, tokenSource } = answer;
  const { code, message } = readVendorError(answer.body);
  const details = detailsOf(answer, code);
  if (httpStatus === 401 || httpStatus === 403) {
    const what = tokenSource === undefined ? 'the credentials' : `the token of ${tokenSource}`;
    return new Failure('credentials-refused', `The API refused ${what} (${httpStatus}).`, {
      hint: 'Check that the token is still valid and belongs to this profile and environment.',
      details,
    });
  }
  if (httpStatus === 404) {
    return new Failure('not-found', 'The API knows no such profile, order or card.', {
      hint: 'Check the reference, its profile (PROFILE/CARD or --profile-id) and the environment.',
      details,
    });
  }
  if (httpStatus === 429) {
    const { retryAfter } = answer;
    return new Outage('rate-limited', 'The API is limiting our requests (429).', {
      hint: retryAfter === null ? 'Try again in a minute.' : `Try again in ${formatDuration(retryAfter)}.`,
      details,
      retryAfter,
    });
  }
  if (httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408) {
    const said = printable((message ?? code ?? 'no reason given').slice(0, 500));
    return new Failure('rejected', `The API rejected the request (${httpStatus}): ${said}`, {
      hint: 'Correct the request; quote the trace id when you ask Wise about it.',
      details,
    });
  }
  if (httpStatus < 400) return unreadable(answer);
  return new Outage('api-failing', `The API failed (${httpStatus}).`, {
    hint: 'Try again later; quote the trace id when you ask Wise about it.',
    details,
    retryAfter: answer.retryAfter,
  });
}

/** The failure of a request that got no answer. */
export function unreachable(answer: NoAnswer & { correlationId: string }): Outage {
  const { reason, correlationId, heldBack: retryAfter } = answer;
  if (retryAfter !== undefined) return heldBack(retryAfter);
  return new Outage('unreachable', `The API could not be reached (${reason}).`, {
    hint: 'Check the network, and the base URL if you set one; then run the command again.',
    details: { correlationId },
  });
}

/** The failure of a request that our own limiter did not let out. */
export function heldBack(retryAfter: number): Outage {
  return new Outage('rate-limited', 'Nothing was sent, to keep the rate limits of the API.', {
    hint: `Try again in ${formatDuration(Math.ceil(retryAfter / 1_000) * 1_000)}.`,
    retryAfter,
  });
}

export function unreadable(answer: HttpAnswer & { correlationId: string }): Outage {
  return new Outage('answer-unreadable', `The API's answer (${answer.httpStatus}) can't be read.`, {
    hint: 'Something between here and the API may have answered in its place: check proxy and base URL.',
    details: detailsOf(answer, null),
  });
}

function detailsOf(answer: HttpAnswer & { correlationId: string }, errorCode: string | null): FailureDetails {
  return {
    httpStatus: answer.httpStatus,
    ...(errorCode && { errorCode: printable(errorCode.slice(0, 100)) }),
    correlationId: answer.correlationId,
    ...(answer.traceId && { traceId: printable(answer.traceId.slice(0, 100)) }),
  };
}
