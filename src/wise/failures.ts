import { type Failure, type FailureDetails, failure, Outage } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { formatDuration } from '../domain/times/duration.ts';
import { readVendorError } from '../wire/error-bodies.ts';
import type { Fault, HttpAnswer, NoAnswer } from './decode-answer.ts';

type Answered = HttpAnswer & { correlationId: string; tokenSource?: string };

/**
 * Converts an error response to a failure: an Outage for temporary errors (429, 5xx, redirects), otherwise another
 * Failure.
 */
export function answerFailure(answer: Answered): Failure {
  const { httpStatus } = answer;
  const { code, message } = readVendorError(answer.body);
  const details = detailsOf(answer, code);
  if (httpStatus === 401 || httpStatus === 403) return refused(answer, details);
  if (httpStatus === 404) {
    return failure(
      'not-found',
      'The API has no such profile, order or card.',
      'Check the reference, its profile (PROFILE/CARD or --profile-id) and the environment.',
      details,
    );
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
    const text = printable((message ?? code ?? 'no reason given').slice(0, 500));
    return failure(
      'rejected',
      `The API rejected the request (${httpStatus}): ${text}`,
      'Correct the request; quote the trace id when you ask Wise about it.',
      details,
    );
  }
  if (httpStatus < 400) return unreadable(answer);
  return new Outage('api-failing', `The API failed (${httpStatus}).`, {
    hint: 'Try again later; quote the trace id when you ask Wise about it.',
    details,
    retryAfter: answer.retryAfter,
  });
}

function refused({ httpStatus, approval, tokenSource }: Answered, details: FailureDetails): Failure {
  const what = tokenSource === undefined ? 'the credentials' : `the token of ${tokenSource}`;
  // Neither the token nor its permissions are wrong: the user must approve the request in a session with Wise.
  if (approval !== undefined)
    return failure(
      'approval-required',
      "Wise requires the user's own approval (strong customer authentication), which a tool cannot give.",
      'Ask Wise why this call needs an approval, quoting the trace id (kioskctl log shows it), and how your integration can do without it.',
      details,
    );
  if (httpStatus === 401)
    return failure(
      'credentials-refused',
      `The API refused ${what} (401).`,
      'Check that the token is still valid and belongs to this profile and environment.',
      details,
    );
  return failure(
    'credentials-refused',
    `No access to this profile: Wise does not allow this with ${what} (403).`,
    'Check that the token belongs to this profile and environment, and what your application may do.',
    details,
  );
}

/** Hint for each fault. `passes`: true if the fault may be temporary. */
const FAULTS: Readonly<Record<Fault | 'network', { hint: string; passes: boolean }>> = {
  network: {
    hint: 'Check the network, and the base URL if you set one; then run the command again.',
    passes: true,
  },
  proxy: {
    hint: 'Check HTTPS_PROXY, and that the proxy allows connections to the API. NO_PROXY bypasses it.',
    passes: true,
  },
  'proxy-credentials': {
    hint: 'Set them in HTTPS_PROXY, like http://USER:PASSWORD@proxy.example:3128.',
    passes: false,
  },
  'no-tls': {
    hint: 'Check the port and the base URL: plain HTTP, or something else than a web server, is behind this https address.',
    passes: false,
  },
  'old-tls': {
    hint: 'Enable TLS 1.2 or newer on this server or gateway.',
    passes: false,
  },
  'server-certificate': {
    hint: 'If a private authority issued its certificate, name that in NODE_EXTRA_CA_CERTS; check base URL and clock.',
    passes: false,
  },
  'client-certificate': {
    hint: 'Check the certificate of the context: who issued it, for which environment, until when.',
    passes: false,
  },
  'client-certificate-perhaps': {
    hint: 'Some servers close the connection if they reject the client certificate. Check it, and the network.',
    passes: true,
  },
};

/** Creates the failure for a request without a response: an Outage if a retry may help. */
export function unreachable(answer: NoAnswer & { correlationId: string }): Failure {
  const { reason, fault = 'network', correlationId, heldBack: retryAfter } = answer;
  if (retryAfter !== undefined) return heldBack(retryAfter);
  const { hint, passes } = FAULTS[fault];
  const details = { correlationId };
  if (fault === 'client-certificate')
    return failure(
      'credentials-refused',
      `The API refused the client certificate (${reason}).`,
      hint,
      details,
    );
  const message = `The API could not be reached (${reason}).`;
  return passes
    ? new Outage('unreachable', message, { hint, details })
    : failure('unreachable', message, hint, details);
}

/** Creates the failure for a request that our own rate limiter did not send. */
export function heldBack(retryAfter: number): Outage {
  return new Outage(
    'rate-limited',
    'Nothing was sent: the API asked us to wait, or its rate limits are reached.',
    {
      hint: `Try again in ${formatDuration(Math.ceil(retryAfter / 1_000) * 1_000)}.`,
      retryAfter,
    },
  );
}

export function unreadable(answer: HttpAnswer & { correlationId: string }): Outage {
  return new Outage('answer-unreadable', `The API's answer (${answer.httpStatus}) can't be read.`, {
    hint: 'Another server may have answered instead of the API: check proxy and base URL.',
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
