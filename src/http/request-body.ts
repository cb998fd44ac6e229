import type { IncomingMessage } from 'node:http';

/**
 * Reads the bytes of a body.
 * @param limit in bytes
 * @returns `too-large` as soon as the limit is exceeded; null if the sender closed the connection before its end
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer | 'too-large' | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else resolve('too-large');
    });
    request.once('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', () => resolve(null));
    request.once('close', () => resolve(null));
  });
}

/** Reads the rest of a body and drops it, so that the sender reads the answer. @param patience in milliseconds */
export function discardRest(request: IncomingMessage, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    request.once('end', done).once('close', done).once('error', done);
    request.resume();
  });
}
