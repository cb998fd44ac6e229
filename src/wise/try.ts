import type { ClientRequest } from 'node:http';
import type { Agent } from 'node:https';
import { LARGEST_BYTES } from '../domain/text/decode-json.ts';
import { hiddenTexts, redact, redactBody, redactText } from '../domain/text/redaction.ts';
import { formatDuration } from '../domain/times/duration.ts';
import {
  decodeAnswer,
  type Fault,
  type HttpAnswer,
  type NoAnswer,
  ONE_TIME_TOKEN,
  type RawAnswer,
} from './decode-answer.ts';

/** Returns the remaining milliseconds of a time budget. */
export type Left = () => number;

export const UNLIMITED: Left = () => Number.POSITIVE_INFINITY;

/** The part of a request that is needed to connect. */
export interface RequestHead {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Timeout for connecting, in milliseconds; in `requestOnce`, for the whole request. */
  timeout: number;
  /** Agent for HTTPS. Plain HTTP is used only on this machine. */
  agent?: Agent | undefined;
  /** Aborts the connection attempt; in `requestOnce`, the whole request. */
  signal?: AbortSignal | undefined;
  /** Receives headers and bodies for debug output, without secrets and personal data. */
  onDebug?: ((lines: string[]) => void) | undefined;
}

export interface RequestContent {
  /** JSON body. */
  body?: unknown;
  /** Form fields, instead of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
}

/**
 * The outcome of one try, and whether a retry may succeed. Contains no headers, options or error objects of got or
 * Node, because they may contain the token.
 */
export interface Try {
  outcome: HttpAnswer | NoAnswer;
  passes: boolean;
}

export const TOO_LARGE = `an answer of over ${LARGEST_BYTES} bytes`;

/** Error codes of temporary network errors. */
const PASSING_FAULTS = new Set([
  'EADDRINUSE',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENETUNREACH',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'PROXY_UNREACHABLE',
]);
const PASSING_STATUSES = new Set([408, 429, 500, 502, 503, 504]);

export function headersOf({ headers }: RequestHead): Record<string, string> {
  return { accept: 'application/json', ...headers };
}

export function answered(raw: RawAnswer, request: RequestHead & RequestContent): Try {
  const outcome = decodeAnswer(raw);
  request.onDebug?.(describeAnswer(raw, { body: outcome.body, request }));
  return { outcome, passes: PASSING_STATUSES.has(outcome.httpStatus) };
}

export function ended(kind: NoAnswer['kind'], reason: string, passes = false): Try {
  return { outcome: { kind, reason }, passes };
}

/**
 * Converts an error of got or Node to an outcome.
 * @param options.late describes the step that timed out; a timeout before the connection is open is not retried
 * @throws any other error
 */
export function failed(error: unknown, { agent, mayHaveArrived, late }: Failing): Try {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const { code } = error;
  const tlsFault = findTlsFault(error);
  const fault = tlsFault?.fault ?? faultOf(code, { hasCertificate: agent?.options.cert !== undefined });
  const kind = mayHaveArrived && fault !== 'client-certificate' ? 'lost' : 'not-connected';
  const timeout = 'event' in error ? late : undefined;
  return {
    outcome: { kind, reason: tlsFault?.reason ?? timeout ?? reasonOf(error, code), ...(fault && { fault }) },
    passes: PASSING_FAULTS.has(code) && (timeout === undefined || mayHaveArrived),
  };
}

type Failing = Pick<RequestHead, 'agent'> & { mayHaveArrived: boolean; late?: string };

/** The steps of a request that may hang. */
export type Step = 'TCP connection' | 'TLS handshake' | 'answer';

/** Describes a timeout with the step that hung. @param timeout in milliseconds */
export function describeLate(step: Step, timeout: number): string {
  return `no ${step} within ${formatDuration(timeout)}`;
}

/**
 * OpenSSL's error texts for permanent handshake failures. A text is part of the error's code, or of its message if the
 * code is generic (EPROTO).
 */
const TLS_FAULTS = [
  {
    said: /wrong[ _]version[ _]number|packet[ _]length[ _]too[ _]long/i,
    fault: 'no-tls',
    reason: 'it answers without TLS',
  },
  {
    said: /alert[ _]protocol[ _]version|unsupported[ _]protocol/i,
    fault: 'old-tls',
    reason: 'its TLS version is too old',
  },
] as const;

/** Returns the cause of a permanent handshake failure; null for other errors. */
export function findTlsFault(error: Error & { code?: unknown }): { fault: Fault; reason: string } | null {
  const text = `${String(error.code)} ${error.message}`;
  const found = TLS_FAULTS.find(({ said }) => said.test(text));
  return found ? { fault: found.fault, reason: found.reason } : null;
}

function reasonOf(error: Error, code: string): string {
  return [error, error.cause].find(isProxyError)?.message ?? code;
}

/**
 * Calls back when a request is connected to the API: for HTTPS, after the TLS handshake with the API (not with a
 * proxy).
 * @param securing called when the TLS handshake begins
 */
export function whenConnected(request: ClientRequest, connected: () => void, securing: () => void): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket) connected();
    else if ('encrypted' in socket) {
      if (socket.connecting) socket.once('connect', securing);
      else securing();
      socket.once('secureConnect', connected);
    } else if (socket.connecting) socket.once('connect', connected);
    else connected();
  });
}

const FAULTS: Readonly<Record<string, Fault>> = {
  PROXY_REFUSED: 'proxy',
  PROXY_UNREACHABLE: 'proxy',
  PROXY_SILENT: 'proxy',
  PROXY_CREDENTIALS: 'proxy-credentials',
  CERT_HAS_EXPIRED: 'server-certificate',
  CERT_NOT_YET_VALID: 'server-certificate',
  CERT_REVOKED: 'server-certificate',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'server-certificate',
  ERR_TLS_CERT_ALTNAME_INVALID: 'server-certificate',
  INVALID_CA: 'server-certificate',
  SELF_SIGNED_CERT_IN_CHAIN: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'server-certificate',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'server-certificate',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'server-certificate',
};

/**
 * Pattern of TLS alerts with which the API rejects our certificate. An API that sends such an alert has read nothing
 * after the handshake.
 */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(ACCESS_DENIED|BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)$/;

/** Returns the fault that causes an error. @param code code of Node or OpenSSL */
function faultOf(code: string, { hasCertificate }: { hasCertificate: boolean }): Fault | null {
  if (CERTIFICATE_ALERT.test(code)) return 'client-certificate';
  if (hasCertificate && code === 'ECONNRESET') return 'client-certificate-perhaps';
  return FAULTS[code] ?? null;
}

/** Error codes of our agent for a proxy that did not connect to the API. */
const PROXY_CODES = ['PROXY_REFUSED', 'PROXY_CREDENTIALS', 'PROXY_UNREACHABLE', 'PROXY_SILENT'] as const;
export type ProxyCode = (typeof PROXY_CODES)[number];

/** True for an error of our agent. Its message contains no secrets. */
function isProxyError(error: unknown): error is Error & { code: ProxyCode } {
  return error instanceof Error && 'code' in error && PROXY_CODES.some((code) => code === error.code);
}

type Traced = RequestHead & RequestContent;

/** Pattern of headers whose value is or may be a secret. */
const SECRET_HEADER = /authori[sz]ation|cookie|token|secret|key|signature|password|^x-2fa-approval$/i;

/** Formats a request for debug output: headers and body, without secrets and personal data. */
export function describeRequest({ method, url, headers, body, form }: Traced): string[] {
  const content = body ?? form;
  return [
    `> ${method} ${redact(url)}`,
    ...describeHeaders(headers).map((line) => `> ${line}`),
    ...(content === undefined ? [] : [`> ${JSON.stringify(redactBody(content))}`]),
  ];
}

/** Formats a response for debug output. Redacts what was redacted in its request. @param body the decoded body */
function describeAnswer(
  { statusCode, headers, rawBody }: RawAnswer,
  { body, request }: { body: unknown; request: Traced },
): string[] {
  const { authorization = '' } = request.headers;
  const hidden = [
    ...hiddenTexts(request.body ?? request.form),
    authorization.replace(/^\S+ /, ''),
    String(headers[ONE_TIME_TOKEN] ?? ''),
  ];
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
