import { randomUUID } from 'node:crypto';
import { ageOf, type Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { asFailure, Failure, failure } from '../../domain/errors/failure.ts';
import type { ConnectedRequest, OpenOptions, Sent } from '../../wise/vendor-request.ts';
import type { CardSession } from './session.ts';

/** The number of connections after which something else must delay the request. */
const MOST_ROUNDS = 3;

/** The age at which a read is too old to send a request: another process may have worked on the card since. */
const STALE_MS = 5_000;
/** The age of a read after which nothing is sent at all: the process was suspended, and nobody may be at the kiosk. */
const SUSPENDED_MS = 60_000;

/** A connection to be used after the next read. */
export interface Connected<Answer> {
  connection: ConnectedRequest<Answer>;
  correlationId: string;
}

/** A request to produce or cancel a card, in words that continue with “was not sent”. */
interface Named {
  subject: string;
}

/**
 * Connects for a request to produce or cancel a card, so that nothing delays it after the read by which it is decided, and
 * connects again if the connection is lost or the read becomes too old.
 * @param work reads the card, decides, records, and sends with `writeChecked`; null to be called with another connection
 * @throws Failure if there is no connection; what `work` throws
 */
export async function withConnection<Answer, Result>(
  ctx: Context,
  session: CardSession,
  {
    subject,
    open,
    work,
  }: Named & {
    open: (options: OpenOptions) => Promise<ConnectedRequest<Answer>>;
    work: (connected: Connected<Answer>) => Promise<Result | null>;
  },
): Promise<Result> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const correlationId = randomUUID();
    const limits = { signal: ctx.signal, ...session.budget() };
    const permit = await ctx.wise.reserve(limits);
    const connection = await open({ correlationId, permit, ...limits }).catch((error: unknown) => {
      throw error instanceof Failure ? notSent(subject, error) : error;
    });
    try {
      const result = await work({ connection, correlationId });
      if (result !== null) return result;
    } finally {
      connection.close();
    }
  }
  const message = `${subject} was not sent. Each connection was lost before the request, or the request was delayed.`;
  throw failure('unreachable', message, 'Nothing was sent: run the command again.');
}

interface Checked<Answer> extends Named, Connected<Answer> {
  body: unknown;
  /** When the card was read. Its lock was renewed after that. */
  readAt: Instant;
  /** Makes the answer of a request that failed after its first byte. */
  lost: (sent: Sent) => Answer;
}

/**
 * Checks for the last time, and writes the request. There is no await in between, so that nothing can change after the
 * check and before the first byte. Only the limit of 30 seconds and a second signal interrupt the request, and nothing
 * repeats it.
 * @returns the answer, or the reason why nothing was sent: null if the card may be read again over another connection
 */
export function writeChecked<Answer>(
  ctx: Context,
  { subject, connection, body, correlationId, readAt, lost }: Checked<Answer>,
): { answer: Promise<Answer> } | { reason: unknown } {
  try {
    ctx.journal.assertCurrent();
    const age = ageOf(readAt, ctx);
    if (age > SUSPENDED_MS) return { reason: wasSuspended(subject) };
    if (age > STALE_MS || !connection.isConnected) return { reason: null };
  } catch (reason) {
    return { reason };
  }
  const cut = () => connection.close();
  ctx.cut.addEventListener('abort', cut, { once: true });
  const answer = connection
    .go(body)
    // The first byte is out: whatever fails now, the request may have arrived.
    .catch((error: unknown) => lost({ kind: 'lost', reason: asFailure(error).message, correlationId }))
    .finally(() => ctx.cut.removeEventListener('abort', cut));
  return { answer };
}

function wasSuspended(subject: string): Failure {
  const message = `${subject} was not sent: this process was suspended right before it.`;
  return failure('not-seen', message, 'Nothing was sent: run the command again.');
}

/** Returns the failure of a request that did not leave. */
export function notSent(subject: string, cause: Failure): Failure {
  if (cause.code !== 'unreachable') return cause;
  const { code, hint, details } = cause;
  return failure(code, `${subject} was not sent. ${cause.message}`, hint, details);
}
