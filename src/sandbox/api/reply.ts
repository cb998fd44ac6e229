import type { ServerResponse } from 'node:http';
import type { Answer } from './answers.ts';

/** An answer as it goes out. */
export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
  /** `cut`: only half of the body is sent. `reset`: nothing is, and the connection is reset. */
  ending: 'whole' | 'cut' | 'reset';
}

export interface ReplyFrame {
  /** The virtual clock, for the Date header. */
  at: number;
  traceId: string;
  correlationId?: string | null;
  ending?: Reply['ending'];
}

/** Gives an answer its bytes and the headers that every answer has; those of the answer itself win. */
export function replyOf(answer: Answer, frame: ReplyFrame): Reply {
  const body = bytesOf(answer.body);
  const headers = {
    date: new Date(frame.at).toUTCString(),
    'x-trace-id': frame.traceId,
    ...(frame.correlationId && { 'x-external-correlation-id': frame.correlationId }),
    ...(body.length > 0 && { 'content-type': 'application/json' }),
    ...(answer.status !== 204 && { 'content-length': String(body.length) }),
    ...lowerCased(answer.headers ?? {}),
  };
  return { status: answer.status, headers, body, ending: frame.ending ?? 'whole' };
}

/** Sends a reply, or as much of it as it is meant to. */
export function send(response: ServerResponse, { status, headers, body, ending }: Reply): void {
  // An answer without a body can't be cut: then nothing of it arrives.
  if (ending === 'reset' || (ending === 'cut' && body.length === 0)) {
    response.socket?.resetAndDestroy();
    return;
  }
  response.writeHead(status, headers);
  if (ending === 'whole') response.end(body);
  else response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
}

function bytesOf(body: unknown): Buffer {
  if (body === undefined) return Buffer.alloc(0);
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
