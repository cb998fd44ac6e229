import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { invalidFields, Refusal } from './answers.ts';

/** What body an endpoint takes. */
export type Content = 'json' | 'form' | 'none';

const MEDIA_TYPES = { json: 'application/json', form: 'application/x-www-form-urlencoded' } as const;

/** Deeper JSON is refused: nothing of the vendor's is nested so, and reading it needs a stack. */
const DEEPEST = 32;

/** Reads the body of a request. @throws Refusal 400, 413, 415, or 422 for JSON that is not an object */
export function readContent(content: Content, received: Received): unknown {
  const { body } = received;
  if (body === null) throw new Refusal(413, 'The body is too large');
  if (content === 'none') return undefined;
  const mediaType = received.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (mediaType !== MEDIA_TYPES[content])
    throw new Refusal(415, `Content type must be ${MEDIA_TYPES[content]}`);
  return content === 'json' ? parseObject(body) : parseForm(body);
}

/** @throws Refusal 400 for anything that is not JSON in UTF-8 */
export function parseJson(body: Buffer): unknown {
  try {
    const value: unknown = JSON.parse(decode(body));
    if (isTooDeep(value)) throw new SyntaxError('too deep');
    return value;
  } catch {
    throw new Refusal(400, 'The body can not be read as JSON');
  }
}

/** JSON with the keys of every object in order: the same for the same data. Only for what `parseJson` returned. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function parseObject(body: Buffer): object {
  const value = parseJson(body);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalidFields([{ code: 'NOT_VALID', message: 'The body must be a JSON object', path: '' }]);
}

function parseForm(body: Buffer): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body.toString('utf8')));
}

function decode(body: Buffer): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(body);
}

function isTooDeep(value: unknown, left = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((member) => isTooDeep(member, left - 1));
}

/** What a vendor's gateway would take, in bytes. */
const BODY_LIMIT = 256 * 1024;

/** Control bodies may carry a large answer for a fault. */
const CONTROL_BODY_LIMIT = 32 * 1024 * 1024;

/** Beyond this the rest is not even read: the connection is cut. */
const DRAIN_LIMIT = 64 * 1024 * 1024;

export const CONTROL_ROOT = '/_sandbox/';

/** A request as it arrived. */
export interface Received {
  method: string;
  /** As it was sent, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** null when it was too large. */
  body: Buffer | null;
  isFromLoopback: boolean;
}

/** Reads a request to its end. @throws when the client goes away */
export async function receive(request: IncomingMessage): Promise<Received> {
  const { path, query } = splitTarget(request.url ?? '/');
  return {
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: request.headers,
    body: await readBody(request, path.startsWith(CONTROL_ROOT) ? CONTROL_BODY_LIMIT : BODY_LIMIT),
    isFromLoopback: isLoopback(request.socket.remoteAddress ?? ''),
  };
}

/** Proxies send the whole URL; everybody else path and query. */
function splitTarget(url: string): { path: string; query: string } {
  const target = url.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  return mark === -1
    ? { path: target, query: '' }
    : { path: target.slice(0, mark), query: target.slice(mark + 1) };
}

/** Too much is read and thrown away: a client that still writes would not see an answer otherwise. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    if (size > DRAIN_LIMIT) throw new RangeError('the body never ends');
  }
  return size <= limit ? Buffer.concat(chunks) : null;
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
