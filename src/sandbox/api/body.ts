import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { discardRest, readBody } from '../../http/server.ts';
import { invalidField, Refusal } from './answers.ts';

/** The content type that an endpoint accepts. */
export type Content = 'json' | 'form' | 'none';

const MEDIA_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const;

/** Maximum size of a request body. Wise documents none; this is a usual limit of API gateways. */
const BODY_LIMIT_BYTES = 256 * 1024;
/** Maximum size of a request to the control endpoint: a fault may contain a large response body. */
const CONTROL_BODY_LIMIT_BYTES = 32 * 1024 * 1024;
/** Maximum time to read and discard the rest of a body that is too large, in milliseconds. */
const DISCARD_MS = 10_000;

const NO_BODY = Buffer.alloc(0);

export const CONTROL_ROOT = '/_sandbox/';

/** An HTTP request, read to its end. */
export interface Received {
  method: string;
  /** The path as sent, without the query string. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** The raw bytes; null if they exceed the size limit. */
  body: Buffer | null;
  isFromLoopback: boolean;
}

/** Reads an HTTP request to its end. @throws Error if the client closed the connection */
export async function receive(request: IncomingMessage): Promise<Received> {
  const { method = 'GET', headers, socket } = request;
  // A proxy sends the absolute URL in the request line.
  const [path = '', ...query] = (request.url ?? '/').replace(/^https?:\/\/[^/?]*/i, '').split('?');
  const limit = path.startsWith(CONTROL_ROOT) ? CONTROL_BODY_LIMIT_BYTES : BODY_LIMIT_BYTES;
  const body = hasBody(headers) ? await readBody(request, limit) : NO_BODY;
  if (body === null) throw new Error('the client closed the connection');
  if (body === 'too-large') await discardRest(request, DISCARD_MS);
  return {
    method,
    path,
    query: new URLSearchParams(query.join('?')),
    headers,
    body: body === 'too-large' ? null : body,
    isFromLoopback: /^(::1$|(::ffff:)?127\.)/.test(socket.remoteAddress ?? ''),
  };
}

/** True if the headers announce a body. A request without a body ends with its headers. */
function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Parses the body of a request. @throws Refusal 400, 413, 415, or 422 for JSON that is not an object */
export function readContent(content: Content, { body, headers }: Received): unknown {
  if (body === null) throw new Refusal(413, 'The body is too large');
  if (content === 'none') return undefined;
  const mediaType = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (!isAccepted(content, mediaType)) throw new Refusal(415, `Content type must be ${MEDIA_TYPES[content]}`);
  if (content === 'form') return Object.fromEntries(new URLSearchParams(body.toString('utf8')));
  const value = parseJson(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidField('', 'The body must be a JSON object');
}

/**
 * True if an endpoint accepts the media type. For JSON, a missing media type and the default of curl (form) are
 * accepted as well, because Wise's examples use them. Assumption: Wise accepts them.
 */
function isAccepted(content: 'json' | 'form', mediaType: string | undefined): boolean {
  if (mediaType === MEDIA_TYPES[content]) return true;
  return content === 'json' && (mediaType === undefined || mediaType === MEDIA_TYPES.form);
}

/** Parses JSON in UTF-8. @throws Refusal 400 for anything else */
export function parseJson(body: Buffer): unknown {
  const value = decodeJson(body);
  if (value === undefined) throw new Refusal(400, 'The body cannot be read as JSON');
  return value;
}

/** Serializes JSON with sorted keys, so that equal data has equal text. Accepts only results of `parseJson`. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}
