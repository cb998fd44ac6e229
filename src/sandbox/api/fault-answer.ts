import { randomUUID } from 'node:crypto';
import type { AnswerFault } from '../../wire/fault.ts';
import { type Answer, plainError } from './answers.ts';

/** Default `Retry-After` of a fault with status 429, in seconds. */
const RETRY_AFTER_S = 1;

/** Returns the response that a fault sets; null if the endpoint's own response is sent. */
export function answerOfFault(fault: AnswerFault, place: { at: number; path: string }): Answer | null {
  const { status } = fault;
  if (fault.approval) return approvalRequired(place);
  if (status === undefined) return null;
  return {
    status,
    body: bodyOf(fault, status) ?? defaultBody(status, place),
    headers: { ...retryHeaders(fault, status), ...fault.headers },
  };
}

/** Creates the response that requires strong customer authentication (403 with a one-time token). */
function approvalRequired(place: { at: number; path: string }): Answer {
  const headers = { 'x-2fa-approval': randomUUID(), 'x-2fa-approval-result': 'REJECTED' };
  return { status: 403, headers, body: plainError(403, 'The user has to approve this request', place) };
}

function bodyOf({ body, bodyBase64 }: AnswerFault, status: number): Buffer | null {
  if (status === 204 || status === 304) return Buffer.alloc(0);
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, 'base64');
  return body === undefined ? null : Buffer.from(body);
}

function defaultBody(status: number, place: { at: number; path: string }): unknown {
  if (status < 400) return undefined;
  if (status === 401) return { error: 'invalid_token', error_description: 'Invalid access token' };
  return plainError(status, 'A fault of the sandbox is set to this answer', place);
}

function retryHeaders({ retryAfter }: AnswerFault, status: number): Record<string, string> {
  if (status === 429) return limitHeaders(retryAfter ?? RETRY_AFTER_S);
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}

/** Headers of a 429 response. @param retryAfter seconds */
export function limitHeaders(retryAfter: number): Record<string, string> {
  return { 'retry-after': String(retryAfter), 'x-rate-limited-by': 'wise-public-api' };
}
