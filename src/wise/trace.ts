import { hiddenTexts, redact, redactBody, redactText } from '../domain/text/redaction.ts';

interface TracedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  form?: unknown;
}

interface RawAnswer {
  statusCode: number;
  rawBody?: Uint8Array;
  headers: Record<string, string | string[] | undefined>;
}

/** Headers whose value is a secret, or may be one. */
const SECRET_HEADER = /authori[sz]ation|cookie|token|secret|key|signature|password/i;

/** A request as people debug it: its headers and body, without secrets and without anything about a person. */
export function describeRequest({ method, url, headers, body, form }: TracedRequest): string[] {
  const content = body ?? form;
  return [
    `> ${method} ${redact(url)}`,
    ...describeHeaders(headers).map((line) => `> ${line}`),
    ...(content === undefined ? [] : [`> ${JSON.stringify(redactBody(content))}`]),
  ];
}

/** Its answer; nothing of the request that was left out shows in it either. @param body as it was read */
export function describeAnswer(
  { statusCode, headers, rawBody }: RawAnswer,
  { body, request }: { body: unknown; request: TracedRequest },
): string[] {
  const { authorization = '' } = request.headers;
  const hidden = [...hiddenTexts(request.body ?? request.form), authorization.replace(/^\S+ /, '')];
  const size = rawBody?.length ?? 0;
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
