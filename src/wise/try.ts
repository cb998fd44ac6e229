import type { ClientRequest } from 'node:http';
import type { Agent } from 'node:https';
import { LARGEST_BYTES } from '../domain/text/decode-json.ts';
import { hiddenTexts, redact, redactBody, redactText } from '../domain/text/redaction.ts';
import {
  decodeAnswer,
  type Fault,
  type HttpAnswer,
  type NoAnswer,
  ONE_TIME_TOKEN,
  type RawAnswer,
} from './decode-answer.ts';

/** Returns the milliseconds that are left of a time budget. */
export type Left = () => number;

export const UNLIMITED: Left = () => Number.POSITIVE_INFINITY;

/** A request without its content, which is what a connection needs. */
export interface RequestHead {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Milliseconds for connecting; in `requestOnce`, for the whole request. */
  timeout: number;
  /** Makes the connections for https. Plain ones go to this machine only. */
  agent?: Agent | undefined;
  /** Aborts the connection attempt; in `requestOnce`, the whole request. */
  signal?: AbortSignal | undefined;
  /** Receives headers and bodies, without secrets and personal data. */
  onDebug?: ((lines: string[]) => void) | undefined;
}

export interface RequestContent {
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a form, instead of `body`. */
  form?: Readonly<Record<string, string>> | undefined;
}

/**
 * The outcome of one try, and whether another one may succeed. It holds no header, option or error object of got's or
 * Node's, with which a token would get out.
 */
export interface Try {
  outcome: HttpAnswer | NoAnswer;
  passes: boolean;
}

export const TOO_LARGE = `an answer of over ${LARGEST_BYTES} bytes`;

/** Codes of network faults that are temporary. */
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
 * Reads an error of got or Node.
 * @throws any other error
 */
export function failed(error: unknown, { agent, mayHaveArrived }: Failing): Try {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error;
  const { code } = error;
  const tlsFault = findTlsFault(error);
  const fault = tlsFault?.fault ?? faultOf(code, { hasCertificate: agent?.options.cert !== undefined });
  const kind = mayHaveArrived && fault !== 'client-certificate' ? 'lost' : 'not-connected';
  return {
    outcome: { kind, reason: tlsFault?.reason ?? reasonOf(error, code), ...(fault && { fault }) },
    passes: PASSING_FAULTS.has(code),
  };
}

type Failing = Pick<RequestHead, 'agent'> & { mayHaveArrived: boolean };

/** Words of OpenSSL for a handshake that can't succeed: in the code, or in the message of a generic one (EPROTO). */
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

/** Finds the cause of a handshake that can't succeed, in words; null for any other error. */
export function findTlsFault(error: Error & { code?: unknown }): { fault: Fault; reason: string } | null {
  const text = `${String(error.code)} ${error.message}`;
  const found = TLS_FAULTS.find(({ said }) => said.test(text));
  return found ? { fault: found.fault, reason: found.reason } : null;
}

function reasonOf(error: Error, code: string): string {
  if ('event' in error) return `no ${String(error.event)} in time`;
  return [error, error.cause].find(isProxyError)?.message ?? code;
}

/** Calls back once a request is connected to the API: for https, once TLS is set up with the API itself, not with a proxy. */
export function whenConnected(request: ClientRequest, connected: () => void): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket) connected();
    else if ('encrypted' in socket) socket.once('secureConnect', connected);
    else if (socket.connecting) socket.once('connect', connected);
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

/** Alerts with which the API ends the handshake: it has read nothing that we sent after it. */
const CERTIFICATE_ALERT =
  /^ERR_SSL_.*_ALERT_(ACCESS_DENIED|BAD_CERTIFICATE|CERTIFICATE_\w+|UNKNOWN_CA|UNSUPPORTED_CERTIFICATE)$/;

/** Finds the fault of an error. @param code the code of Node, or of OpenSSL */
function faultOf(code: string, { hasCertificate }: { hasCertificate: boolean }): Fault | null {
  if (CERTIFICATE_ALERT.test(code)) return 'client-certificate';
  if (hasCertificate && code === 'ECONNRESET') return 'client-certificate-perhaps';
  return FAULTS[code] ?? null;
}

/** Codes of our agent for a proxy that made no connection to the API. */
const PROXY_CODES = ['PROXY_REFUSED', 'PROXY_CREDENTIALS', 'PROXY_UNREACHABLE', 'PROXY_SILENT'] as const;
export type ProxyCode = (typeof PROXY_CODES)[number];

/** True for an error of our agent, whose message holds no secret. */
function isProxyError(error: unknown): error is Error & { code: ProxyCode } {
  return error instanceof Error && 'code' in error && PROXY_CODES.some((code) => code === error.code);
}

type Traced = RequestHead & RequestContent;

/** Headers whose value is a secret, or may be one. */
const SECRET_HEADER = /authori[sz]ation|cookie|token|secret|key|signature|password|^x-2fa-approval$/i;

/** Returns the lines of a request for debugging: headers and body, without secrets and personal data. */
export function describeRequest({ method, url, headers, body, form }: Traced): string[] {
  const content = body ?? form;
  return [
    `> ${method} ${redact(url)}`,
    ...describeHeaders(headers).map((line) => `> ${line}`),
    ...(content === undefined ? [] : [`> ${JSON.stringify(redactBody(content))}`]),
  ];
}

/** Returns the lines of the answer to a request, without what was removed from the request. @param body the decoded body */
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
