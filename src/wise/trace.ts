import { hiddenTexts, redact, redactBody, redactText } from '../domain/text/redaction.ts';
import type { RawAnswer } from './decode-answer.ts';

interface TracedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  form?: unknown;
}

/** Headers whose value is a secret, or may be one. */
const SECRET_HEADER = /authori[sz]ation|cookie|token|secret|key|signature|password/i;

/** Returns the lines of a request for debugging: headers and body, without secrets and personal data. */
export function describeRequest({ method, url, headers, body, form }: TracedRequest): string[] {
  const content = body ?? form;
  return [
    `> ${method} ${redact(url)}`,
    ...describeHeaders(headers).map((line) => `> ${line}`),
    ...(content === undefined ? [] : [`> ${JSON.stringify(redactBody(content))}`]),
  ];
}

/** Returns the lines of its answer. What was removed from the request is removed here, too. @param body the decoded body */
export function describeAnswer(
  { statusCode, headers, rawBody }: RawAnswer,
  { body, request }: { body: unknown; request: TracedRequest },
): string[] {
  const { authorization = '' } = request.headers;
  const hidden = [...hiddenTexts(request.body ?? request.form), authorization.replace(/^\S+ /, '')];
  const size = rawBody.length;
  const content =
    body === undefined ? `${size} bytes that are not JSON` : JSON.stringify(redactBody(body, hidden));
  return [
    `< ${statusCode}`,
    ...describeHeaders(headers, hidden).map((line) => `< ${line}`),
    ...(size === 0 ? [] : [`< ${content}`]),
  ];
}

function describeHeaders(
  headers: Record<string, string | string[] | undefined>,
  hidden: readonly string[] = [],
): string[] {
  return Object.entries(headers).map(([name, value]) => {
    return `${name}: ${SECRET_HEADER.test(name) ? '[redacted]' : redactText(String(value), hidden)}`;
  });
}
