import { STATUS_CODES } from 'node:http';
import { isoTime } from '../state/tables/clock.ts';

/** What a request is answered with, before the headers that every answer has. */
export interface Answer {
  status: number;
  /** Sent as JSON; undefined sends nothing. */
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  /** Did the request change anything? */
  effect?: boolean;
  /** For the log: the kiosk that a produce request named. */
  kioskId?: string;
}

export interface FieldError {
  code: string;
  message: string;
  /** Dotted: `address.city`. */
  path: string;
}

/** What a handler throws to refuse a request. */
export class Refusal extends Error {
  readonly status: number;
  /** undefined for the vendor's plain shape, which is made of status and message. */
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

/** `{errors: [{code, message, path, arguments}]}`: 422 for fields of the body, 400 for parameters. */
export function invalidFields(errors: readonly FieldError[], status: 400 | 422 = 422): Refusal {
  const body = { errors: errors.map((error) => ({ ...error, arguments: [] })) };
  return new Refusal(status, errors[0]?.message ?? 'invalid', { body });
}

/** `{error, error_description}`, as tokens and their endpoint answer. */
export function oauthError(
  status: 400 | 401,
  { error, description }: { error: string; description: string },
): Refusal {
  const headers: Record<string, string> = error === 'invalid_token' ? { 'WWW-Authenticate': 'Bearer' } : {};
  return new Refusal(status, description, { body: { error, error_description: description }, headers });
}

export function notFound(what: string): Refusal {
  return new Refusal(404, `${what} not found`);
}

/** `{timestamp, status, error, message, path}`. */
export function plainError(
  status: number,
  message: string,
  { at, path }: { at: number; path: string },
): Record<string, unknown> {
  return { timestamp: isoTime(at), status, error: STATUS_CODES[status] ?? 'Error', message, path };
}

export function answerOfRefusal(refusal: Refusal, place: { at: number; path: string }): Answer {
  const { status, headers } = refusal;
  return { status, headers, body: refusal.body ?? plainError(status, refusal.message, place) };
}
