import type { Context } from '../context/context.ts';
import { combineExitCodes, type ExitCode } from '../domain/errors/exit-codes.ts';
import { Failure, type FailureDocument, failure } from '../domain/errors/failure.ts';
import type { ResultOutcome } from '../domain/results.ts';
import { post, type ReceiverAgent } from '../http/post.ts';
import type { KeptDelivery } from '../journal/journal.ts';
import { isSuccess } from '../wire/error-bodies.ts';
import { deliveryHeaders } from '../wire/events.ts';
import { showEvent } from './list-events.ts';

/** The result of resending one event. */
export interface Replayed {
  id: number;
  outcome: Extract<ResultOutcome, 'done' | 'failed' | 'refused' | 'not-started'>;
  /** HTTP status of the response; null without a response. */
  httpStatus: number | null;
  /** Exit code for this event; null if it was not sent. */
  exitCode: ExitCode | null;
  error?: FailureDocument;
}

interface ReplayResult {
  replayed: Replayed[];
  exitCode: ExitCode;
  /** The failure that stopped the replay early; null for none. */
  stopped: Failure | null;
}

/**
 * Resends stored events to a receiver in sequence, unchanged. All events are loaded before the first is sent. An
 * unreachable receiver or a signal stops the replay.
 * @throws Failure `not-found`
 */
export async function replayEvents(
  ctx: Context,
  { ids, to }: { ids: readonly number[]; to: URL },
): Promise<ReplayResult> {
  const deliveries: KeptDelivery[] = [];
  for (const id of ids) deliveries.push(await showEvent(ctx, id));
  warnOfUnsigned(ctx, deliveries);
  const agent = await ctx.webhooks.openAgent(to);
  const replayed: Replayed[] = [];
  let stopped: Failure | null = null;
  for (const delivery of deliveries) {
    stopped ??= interruptionOf(ctx);
    if (stopped) replayed.push(notStarted(delivery.id));
    else {
      const result = await replayOne(delivery, { to, agent: agent ?? false });
      replayed.push(result.replayed);
      stopped = result.stops;
    }
  }
  agent?.destroy();
  stopped ??= interruptionOf(ctx);
  const codes = [...replayed, ...(stopped ? [stopped] : [])].map(({ exitCode }) => exitCode ?? 0);
  return { replayed, exitCode: combineExitCodes(codes), stopped };
}

async function replayOne(
  delivery: KeptDelivery,
  { to, agent }: { to: URL; agent: ReceiverAgent | false },
): Promise<{ replayed: Replayed; stops: Failure | null }> {
  const { id } = delivery;
  // Same bytes, signature and delivery id as in the original delivery.
  const { body } = delivery;
  const sent = await post({
    url: to,
    headers: deliveryHeaders(delivery),
    body,
    timeout: LONGEST_WAIT_MS,
    agent,
  });
  if (sent.kind === 'unreachable') {
    const failure = unreachable(to, sent.reason);
    return { replayed: { id, outcome: 'failed', httpStatus: null, ...endOf(failure) }, stops: failure };
  }
  const { httpStatus } = sent;
  if (isSuccess(httpStatus))
    return { replayed: { id, outcome: 'done', httpStatus, exitCode: 0 }, stops: null };
  return { replayed: { id, outcome: 'refused', httpStatus, ...endOf(refused(id, httpStatus)) }, stops: null };
}

/** Timeout of the response. Wise allows 5 seconds; a receiver behind a tunnel may need longer. */
const LONGEST_WAIT_MS = 15_000;

function notStarted(id: number): Replayed {
  return { id, outcome: 'not-started', httpStatus: null, exitCode: null };
}

function interruptionOf({ signal }: Context): Failure | null {
  if (signal.aborted && !(signal.reason instanceof Failure)) signal.throwIfAborted();
  return signal.reason instanceof Failure ? signal.reason : null;
}

function endOf(failure: Failure): { exitCode: ExitCode; error: FailureDocument } {
  return { exitCode: failure.exitCode, error: failure.toDocument() };
}

function warnOfUnsigned(ctx: Context, deliveries: readonly KeptDelivery[]): void {
  const hints = deliveries.filter(({ signature }) => signature === null).map(({ id }) => id);
  if (hints.length > 0)
    ctx.report.warn(`Sent without a signature, because it never had one: event ${hints.join(', ')}.`);
}

function unreachable(to: URL, reason: string): Failure {
  return failure(
    'unreachable',
    `The receiver at ${to.host} can't be reached (${reason}).`,
    'Check the URL and that the receiver is running. An event can safely be sent again.',
  );
}

function refused(id: number, httpStatus: number): Failure {
  return failure(
    'rejected',
    `The receiver answered ${httpStatus} to event ${id}.`,
    httpStatus === 401
      ? 'It may use another key. Check the signature: kioskctl events verify <FILE> --signature <BASE64>'
      : 'See the log of the receiver.',
    { httpStatus },
  );
}
