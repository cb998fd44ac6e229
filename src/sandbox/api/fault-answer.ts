import type { AnswerFault } from '../../wire/fault.ts';
import { type Answer, plainError } from './answers.ts';

/** Seconds to wait after 429, when the fault doesn't say. */
const RETRY_AFTER = 1;

/** The answer that a fault sets; null when the fault leaves the real one. */
export function answerOfFault(fault: AnswerFault, place: { at: number; path: string }): Answer | null {
  const { status } = fault;
  if (status === undefined) return null;
  return {
    status,
    body: bodyOf(fault, status) ?? defaultBody(status, place),
    headers: { ...retryHeaders(fault, status), ...fault.headers },
  };
}

function bodyOf({ body, bodyBase64 }: AnswerFault, status: number): Buffer | null {
  if (status === 204 || status === 304) return Buffer.alloc(0);
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, 'base64');
  return body === undefined ? null : Buffer.from(body);
}

function defaultBody(status: number, place: { at: number; path: string }): unknown {
  if (status < 400) return undefined;
  if (status === 401) return { error: 'invalid_token', error_description: 'Invalid access token' };
  return plainError(status, 'The sandbox was told to answer so', place);
}

function retryHeaders({ retryAfter }: AnswerFault, status: number): Record<string, string> {
  if (status === 429) return limitHeaders(retryAfter ?? RETRY_AFTER);
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}

/** What the vendor says with a 429. @param retryAfter seconds */
export function limitHeaders(retryAfter: number): Record<string, string> {
  return { 'retry-after': String(retryAfter), 'x-rate-limited-by': 'wise-public-api' };
}
