import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { AnswerFault } from '../../wire/fault.ts';
import type { State } from '../state/state.ts';
import { type Moment, readSandboxRow } from '../state/tables/clock.ts';
import { type FaultTarget, findAnswerFault, useFault } from '../state/tables/faults.ts';
import type { LoggedRequest } from '../state/tables/request-log.ts';
import { traceIdOf } from '../state/tables/tokens.ts';
import { type Answer, answerOfRefusal, plainError, Refusal, type Reply, replyOf } from './answers.ts';
import { parseJson, type Received, readContent } from './body.ts';
import { AUTHORIZATION_PAGE, findVendorRoute, isProductionPath, versionlessPath } from './routes.ts';
import { checkBasic, checkBearer } from './tokens.ts';

const LONGEST_CORRELATION_ID = 36;

/** A request to the API of Wise. */
export interface Exchange {
  received: Received;
  /** Its number in this process, from 1. */
  number: number;
  /** Milliseconds until it may be repeated, if it exceeds the rate limits; else null. */
  limitedFor: number | null;
  /** Ends the wait of a delayed answer. */
  signal: AbortSignal;
}

interface Result {
  reply: Reply;
  logged: LoggedRequest;
}

/** Answers a request to the API of Wise, with the fault that was set for it. */
export async function answerVendor(state: State, exchange: Exchange): Promise<Reply> {
  if (exchange.limitedFor !== null) return refuseLimited(state, exchange, exchange.limitedFor);
  const target = targetOf(exchange.received);
  const isRead = target.method === 'GET' && target.path !== AUTHORIZATION_PAGE;
  const read = isRead ? readUnlocked(state, exchange, target) : null;
  if (read) return read;
  const { fault, reply } = state.change((moment) => begin(state, moment, { exchange, target }));
  if (fault?.delayMs) await pause(fault.delayMs, undefined, { signal: exchange.signal });
  return reply ?? state.change((moment) => conclude(state, moment, { exchange, fault }));
}

/** Answers 429: the request is not carried out, and uses up no fault. */
function refuseLimited(state: State, { received, number }: Exchange, limitedFor: number): Reply {
  const { method, path, headers } = received;
  const at = state.now();
  const status = 429;
  // A client waits in real time, and the header has whole seconds.
  const answer = {
    status,
    body: plainError(status, 'Too many requests', { at, path }),
    headers: limitHeaders(Math.ceil(limitedFor / 1_000)),
  };
  state.log.defer({ at, method, path, status, effect: false, kioskId: null });
  const traceId = traceIdOf(readSandboxRow(state.db), [at, number, method, path]);
  return replyOf(answer, { at, traceId, correlationId: correlationIdOf(headers) });
}

/** Answers a read without the write lock. @returns null if something is due or a fault applies, which needs the lock */
function readUnlocked(state: State, exchange: Exchange, target: FaultTarget): Reply | null {
  const result = state.read((moment) =>
    findAnswerFault(moment.db, target) ? null : executeWithFault(moment, exchange, null),
  );
  if (result) state.log.defer(result.logged);
  return result?.reply ?? null;
}

/** Uses up the fault of a request, and makes the reply, unless the fault delays the request itself. */
function begin(
  state: State,
  moment: Moment,
  { exchange, target }: { exchange: Exchange; target: FaultTarget },
): { fault: AnswerFault | null; reply: Reply | null } {
  const fault = findAnswerFault(moment.db, target);
  if (fault) useFault(moment.db, fault.id);
  const isLater = fault?.delayMs !== undefined && !fault.effect;
  return { fault, reply: isLater ? null : conclude(state, moment, { exchange, fault }) };
}

function conclude(
  state: State,
  moment: Moment,
  { exchange, fault }: { exchange: Exchange; fault: AnswerFault | null },
): Reply {
  const { reply, logged } = executeWithFault(moment, exchange, fault);
  state.log.defer(logged);
  state.log.write();
  return reply;
}

/** Carries a request out, unless its fault prevents that, and makes the reply. */
function executeWithFault(moment: Moment, { received, number }: Exchange, fault: AnswerFault | null): Result {
  const { method, path, headers } = received;
  const { at } = moment;
  const traceId = traceIdOf(readSandboxRow(moment.db), [at, number, method, path]);
  const hasEffect =
    fault?.reset !== 'before' && ((fault?.status ?? fault?.approval) === undefined || fault?.effect === true);
  const real = hasEffect ? execute(moment, received, fault !== null) : null;
  const answer = (fault && answerOfFault(fault, { at, path })) ?? real ?? { status: 0 };
  const ending = fault?.reset ? 'reset' : fault?.cut ? 'cut' : 'whole';
  return {
    reply: replyOf(answer, { at, traceId, correlationId: correlationIdOf(headers), ending }),
    logged: {
      at,
      method,
      path,
      status: ending === 'reset' ? 0 : answer.status,
      effect: real?.effect ?? false,
      kioskId: real?.kioskId ?? null,
    },
  };
}

function execute(moment: Moment, received: Received, isFaulted: boolean): Answer {
  const { method, path, query, headers } = received;
  try {
    checkCorrelationId(headers);
    const { route, parameters } = findVendorRoute(method, path);
    if (route.authentication === 'basic') checkBasic(headers.authorization);
    if (route.authentication === 'bearer') checkBearer(moment, headers.authorization);
    const body = readContent(route.content, received);
    return route.handle({ ...moment, parameters, query, headers, body, isFaulted });
  } catch (error) {
    if (error instanceof Refusal) return answerOfRefusal(error, { at: moment.at, path });
    throw error;
  }
}

function targetOf({ method, path, body }: Received): FaultTarget {
  const versionless = versionlessPath(path);
  const isProduce = method === 'PUT' && isProductionPath(versionless);
  return { method, path: versionless, kioskId: isProduce && body ? kioskIdIn(body) : null };
}

function kioskIdIn(body: Buffer): string | null {
  try {
    const fields = parseJson(body);
    const isNamed = typeof fields === 'object' && fields !== null && 'kioskId' in fields;
    return isNamed && typeof fields.kioskId === 'string' ? fields.kioskId.trim() : null;
  } catch {
    return null;
  }
}

/** @throws Refusal 400 */
function checkCorrelationId(headers: Received['headers']): void {
  if (headers['x-external-correlation-id'] !== undefined && correlationIdOf(headers) === null)
    throw new Refusal(
      400,
      `X-External-Correlation-Id must have at most ${LONGEST_CORRELATION_ID} characters`,
    );
}

/** Returns the correlation id for the answer; null if it is missing, too long or not plain text. */
function correlationIdOf(headers: Received['headers']): string | null {
  const id = headers['x-external-correlation-id'];
  if (typeof id !== 'string' || id.length > LONGEST_CORRELATION_ID) return null;
  return /^[\x20-\x7e]*$/.test(id) ? id : null;
}

/** The default of a 429. */
const RETRY_AFTER_S = 1;

/** Returns the answer of a fault; null if the fault keeps the real one. */
function answerOfFault(fault: AnswerFault, place: { at: number; path: string }): Answer | null {
  const { status } = fault;
  if (fault.approval) return approvalRequired(place);
  if (status === undefined) return null;
  return {
    status,
    body: bodyOf(fault, status) ?? defaultBody(status, place),
    headers: { ...retryHeaders(fault, status), ...fault.headers },
  };
}

/** Strong customer authentication. The one-time token is a secret of the client that receives it. */
function approvalRequired(place: { at: number; path: string }): Answer {
  const headers = { 'x-2fa-approval': randomUUID(), 'x-2fa-approval-result': 'REJECTED' };
  return { status: 403, headers, body: plainError(403, 'The user has to approve this request', place) };
}

function bodyOf({ body, bodyBase64 }: AnswerFault, status: number): Buffer | null {
  if (status === 204 || status === 304) return Buffer.alloc(0);
  if (bodyBase64 !== undefined) return Buffer.from(bodyBase64, 'base64');
  return body === undefined ? null : Buffer.from(body);
}

function defaultBody(status: number, place: { at: number; path: string }): unknown {
  if (status < 400) return undefined;
  if (status === 401) return { error: 'invalid_token', error_description: 'Invalid access token' };
  return plainError(status, 'The sandbox was told to answer so', place);
}

function retryHeaders({ retryAfter }: AnswerFault, status: number): Record<string, string> {
  if (status === 429) return limitHeaders(retryAfter ?? RETRY_AFTER_S);
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}

/** The headers of a 429. @param retryAfter in seconds */
function limitHeaders(retryAfter: number): Record<string, string> {
  return { 'retry-after': String(retryAfter), 'x-rate-limited-by': 'wise-public-api' };
}
