import { randomUUID } from 'node:crypto';
import { ageOf, type Instant } from '../../context/clocks.ts';
import type { Context } from '../../context/context.ts';
import { asFailure, Failure, failure } from '../../domain/errors/failure.ts';
import type { ConnectedRequest, OpenOptions, Sent } from '../../wise/vendor-request.ts';
import type { CardSession } from './session.ts';

/**
 * Maximum number of connections that are opened for a request. If all are lost or too slow, another one would not help.
 */
const MOST_ROUNDS = 3;

/**
 * Maximum age of the last read when a request is sent, in milliseconds: another process may have changed the card
 * since.
 */
const STALE_MS = 5_000;
/**
 * Maximum age of the last read, in milliseconds, at which the request is tried again. If the read is older, this
 * process was suspended, and the attendant may have left the kiosk.
 */
const SUSPENDED_MS = 60_000;

/** An open connection, to be used after the next read. */
export interface Connected<Answer> {
  connection: ConnectedRequest<Answer>;
  correlationId: string;
}

/** Names a request in messages: `subject` is the subject of the sentence “… was not sent”. */
interface Named {
  subject: string;
}

/**
 * Opens a connection before the card is read, so that nothing delays the request after that read. Opens another one if
 * the connection is lost or the read becomes too old.
 * @param work reads the card, decides, records, and sends with `writeChecked`; returns null to be called again with
 * another connection
 * @throws Failure if no connection can be opened; the errors of `work`
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
  throw failure('unreachable', message, 'Nothing was sent: try again.');
}

interface Checked<Answer> extends Named, Connected<Answer> {
  body: unknown;
  /** Time of the last read, after which the lease on the card was renewed. */
  readAt: Instant;
  /** Creates the result for a request that failed after its first byte was sent. */
  lost: (sent: Sent) => Answer;
}

/**
 * Makes the final checks and writes the request. There is no await between the two, so nothing can change after the
 * checks. The request is never retried; only the timeout of 30 seconds or a second signal aborts it.
 * @returns `answer`: the response. `reason`: the error that prevented the request; null if the caller may read the card
 * again and retry with another connection
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
    // The first byte was sent, so the request may have arrived despite any failure.
    .catch((error: unknown) => lost({ kind: 'lost', reason: asFailure(error).message, correlationId }))
    .finally(() => ctx.cut.removeEventListener('abort', cut));
  return { answer };
}

function wasSuspended(subject: string): Failure {
  const message = `${subject} was not sent: this process was suspended right before it.`;
  return failure('not-seen', message, 'Nothing was sent: try again.');
}

/** Creates the failure for a request that was not sent. */
export function notSent(subject: string, cause: Failure): Failure {
  if (cause.code !== 'unreachable') return cause;
  const { code, hint, details } = cause;
  return failure(code, `${subject} was not sent. ${cause.message}`, hint, details);
}
