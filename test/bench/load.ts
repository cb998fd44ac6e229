// Sends prepared HTTP requests over some connections, with as little work of its own as possible.
import { once } from 'node:events';
import net from 'node:net';

/** What became of some requests. */
export interface Outcome {
  answered: number;
  refused: number;
  milliseconds: number;
  /** Of each request, in milliseconds from when it was due. */
  latencies: number[];
}

export class Load {
  readonly #sockets: net.Socket[];

  private constructor(sockets: net.Socket[]) {
    this.#sockets = sockets;
  }

  static async open(url: string, connections: number): Promise<Load> {
    const port = Number(new URL(url).port);
    const sockets = Array.from({ length: connections }, () => net.connect(port, '127.0.0.1').setNoDelay());
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    return new Load(sockets);
  }

  /** As many as possible: each connection sends its next request when it has its answer. */
  async peak(requests: readonly Buffer[]): Promise<Outcome> {
    return this.#run((next) => (next < requests.length ? { request: requests[next], due: 0 } : null));
  }

  /** At a fixed rate, whatever the answers take: late ones make the next ones late, which counts. */
  async steady(requests: readonly Buffer[], perSecond: number): Promise<Outcome> {
    const start = performance.now();
    return this.#run((next) =>
      next < requests.length ? { request: requests[next], due: start + (next * 1_000) / perSecond } : null,
    );
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async #run(take: (next: number) => { request: Buffer | undefined; due: number } | null): Promise<Outcome> {
    const outcome: Outcome = { answered: 0, refused: 0, milliseconds: 0, latencies: [] };
    const started = performance.now();
    let next = 0;
    await Promise.all(
      this.#sockets.map(async (socket) => {
        for (let work = take(next++); work; work = take(next++)) {
          const early = work.due - performance.now();
          if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
          const from = work.due || performance.now();
          const isOk = await exchange(socket, work.request ?? Buffer.alloc(0));
          outcome.latencies.push(performance.now() - from);
          if (isOk) outcome.answered += 1;
          else outcome.refused += 1;
        }
      }),
    );
    outcome.milliseconds = performance.now() - started;
    return outcome;
  }
}

/** Sends a request and reads its answer, whose length it states. @returns whether it was 200 */
function exchange(socket: net.Socket, request: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    let text = '';
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (!isWhole(text)) return;
      socket.off('data', read).off('close', closed);
      resolve(text.startsWith('HTTP/1.1 200'));
    };
    const closed = () => reject(new Error('the connection was closed'));
    socket.on('data', read).once('close', closed);
    socket.write(request);
  });
}

function isWhole(answer: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  return answer.length >= end + 4 + Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? 0);
}

export function requestOf(
  { body, signature, deliveryId }: { body: Buffer; signature: string; deliveryId: string },
  isTest = false,
): Buffer {
  const head = [
    'POST /webhooks HTTP/1.1',
    'Host: 127.0.0.1',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    `X-Signature-SHA256: ${signature}`,
    `X-Delivery-Id: ${deliveryId}`,
    ...(isTest ? ['X-Test-Notification: true'] : []),
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
