import { type ServerResponse, STATUS_CODES } from 'node:http';
import { utcTime } from '../../domain/times/vendor-time.ts';

/** A response of an endpoint, before the common headers are added. */
export interface Answer {
  status: number;
  /** Sent as JSON; undefined for an empty body. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** True if the request changed the state. */
  effect?: boolean | undefined;
  /** The kiosk of a produce request, for the request log. */
  kioskId?: string | undefined;
}

export interface FieldError {
  code: string;
  message: string;
  /** Path of the invalid field, with dots: `address.city`. */
  path: string;
}

/** An error response, thrown by a handler. */
export class Refusal extends Error {
  readonly status: number;
  /** Body of the response; undefined for Wise's default error body, which has only status and message. */
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    message: string,
    extra: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.body = extra.body;
    this.headers = extra.headers ?? {};
  }
}

/**
 * Creates the error for invalid fields of the body (422) or query parameters (400). Body: `{errors: [{code, message,
 * path, arguments}]}`.
 */
export function invalidFields(errors: readonly FieldError[], status: 400 | 422 = 422): Refusal {
  const body = { errors: errors.map((error) => ({ ...error, arguments: [] })) };
  return new Refusal(status, errors[0]?.message ?? 'invalid', { body });
}

/** Creates the error for one invalid field of the body (422). */
export function invalidField(path: string, message: string, code = 'NOT_VALID'): Refusal {
  return invalidFields([{ code, message, path }]);
}

/** Creates the error for a token request: `{error, error_description}`. */
export function oauthError(status: 400 | 401, error: string, description: string): Refusal {
  const headers: Record<string, string> = error === 'invalid_token' ? { 'WWW-Authenticate': 'Bearer' } : {};
  return new Refusal(status, description, { body: { error, error_description: description }, headers });
}

export function notFound(what: string): Refusal {
  return new Refusal(404, `${what} not found`);
}

/** Creates Wise's default error body: `{timestamp, status, error, message, path}`. */
export function plainError(
  status: number,
  message: string,
  { at, path }: { at: number; path: string },
): Record<string, unknown> {
  return { timestamp: utcTime(at), status, error: STATUS_CODES[status] ?? 'Error', message, path };
}

export function answerOfRefusal(refusal: Refusal, place: { at: number; path: string }): Answer {
  const { status, headers } = refusal;
  return { status, headers, body: refusal.body ?? plainError(status, refusal.message, place) };
}

/** A serialized response. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  /** Text if possible: Node writes text together with the headers, but bytes separately. */
  body: string | Buffer;
  /** `whole`: the complete response. `cut`: headers and half of the body. `reset`: nothing; the connection is reset. */
  ending: 'whole' | 'cut' | 'reset';
}

/** Serializes a response. @param frame `at`: virtual time for the Date header, in milliseconds since the epoch */
export function replyOf(
  { status, body: content, headers = {} }: Answer,
  frame: { at: number; traceId: string; correlationId?: string | null; ending?: Reply['ending'] },
): Reply {
  const body = serialize(content);
  const length = Buffer.byteLength(body);
  const all = {
    date: new Date(frame.at).toUTCString(),
    'x-trace-id': frame.traceId,
    ...(frame.correlationId && { 'x-external-correlation-id': frame.correlationId }),
    ...(length > 0 && { 'content-type': 'application/json' }),
    ...(status !== 204 && { 'content-length': String(length) }),
    ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
  };
  return { status, headers: all, body, ending: frame.ending ?? 'whole' };
}

export function send(response: ServerResponse, { status, headers, body, ending }: Reply): void {
  // An empty body can't be cut in half, so the connection is reset.
  if (ending === 'reset' || (ending === 'cut' && body.length === 0)) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(status, headers);
  if (ending === 'whole') response.end(body);
  else response.write(firstHalf(body), () => response.socket?.destroy());
}

function firstHalf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}

function serialize(body: unknown): string | Buffer {
  if (body === undefined) return '';
  return Buffer.isBuffer(body) ? body : JSON.stringify(body);
}
