import { setTimeout as pause } from 'node:timers/promises';
import type { AnswerFault } from '../../wire/fault.ts';
import type { State } from '../state/state.ts';
import { type Moment, readSandboxRow } from '../state/tables/clock.ts';
import { type FaultTarget, findAnswerFault, useFault } from '../state/tables/faults.ts';
import type { LoggedRequest } from '../state/tables/request-log.ts';
import { traceIdOf } from '../state/tables/tokens.ts';
import { type Answer, answerOfRefusal, plainError, Refusal } from './answers.ts';
import { parseJson, type Received, readContent } from './body.ts';
import { type Reply, replyOf } from './reply.ts';
import { AUTHORIZATION_PAGE, findVendorRoute, isProductionPath, versionlessPath } from './routes.ts';
import { checkBasic, checkBearer } from './tokens.ts';

const LONGEST_CORRELATION_ID = 36;

/** A vendor request on its way: what arrived, and which one it is in this process. */
export interface Exchange {
  received: Received;
  /** 1, 2, 3 … */
  number: number;
  /** Set for one too many: the milliseconds after which it may be repeated. */
  limitedFor: number | null;
  /** Ends the waits of delayed answers. */
  signal: AbortSignal;
}

/** What a request is answered with, and what is logged about it. */
interface Result {
  reply: Reply;
  logged: LoggedRequest;
}

/** Answers a request to the vendor's API, with the fault that was set for it. */
export async function answerVendor(state: State, exchange: Exchange): Promise<Reply> {
  if (exchange.limitedFor !== null) return refuseLimited(state, exchange, exchange.limitedFor);
  const target = targetOf(exchange.received);
  const isRead = target.method === 'GET' && target.path !== AUTHORIZATION_PAGE;
  const read = isRead ? readPlainly(state, exchange, target) : null;
  if (read) return read;
  const { fault, reply } = state.change((moment) => begin(state, moment, { exchange, target }));
  if (fault?.delayMs) await pause(fault.delayMs, undefined, { signal: exchange.signal });
  return reply ?? state.change((moment) => conclude(state, moment, { exchange, fault }));
}

/** One request too many: nothing of it is carried out, and no fault is used up. */
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

/** A plain read takes no write lock, unless something is due or a fault is used up: then it returns null. */
function readPlainly(state: State, exchange: Exchange, target: FaultTarget): Reply | null {
  const result = state.read((moment) =>
    findAnswerFault(moment.db, target) ? null : carryThrough(moment, exchange, null),
  );
  if (result) state.log.defer(result.logged);
  return result?.reply ?? null;
}

/** Uses up the fault for a request, and makes the reply, unless the fault wants the request carried out later. */
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
  const { reply, logged } = carryThrough(moment, exchange, fault);
  state.log.defer(logged);
  state.log.write();
  return reply;
}

/** Carries a request out, as far as its fault lets it, and makes the reply. */
function carryThrough(moment: Moment, { received, number }: Exchange, fault: AnswerFault | null): Result {
  const { method, path, headers } = received;
  const { at } = moment;
  const traceId = traceIdOf(readSandboxRow(moment.db), [at, number, method, path]);
  const hasEffect = fault?.reset !== 'before' && (fault?.status === undefined || fault.effect === true);
  const real = hasEffect ? carryOut(moment, received, fault !== null) : null;
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

function carryOut(moment: Moment, received: Received, isFaulted: boolean): Answer {
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

/** The correlation id to echo; null for none, and for one that is too long or no plain text. */
function correlationIdOf(headers: Received['headers']): string | null {
  const id = headers['x-external-correlation-id'];
  if (typeof id !== 'string' || id.length > LONGEST_CORRELATION_ID) return null;
  return /^[\x20-\x7e]*$/.test(id) ? id : null;
}

/** Seconds to wait after 429, when the fault doesn't say. */
const RETRY_AFTER = 1;

/** The answer that a fault sets; null when the fault leaves the real one. */
export function answerOfFault(fault: AnswerFault, place: { at: number; path: string }): Answer | null {
  const { status } = fault;
  if (status === undefined) return null;
  return {
    status,
    body: bodyOf(fault, status) ?? defaultBody(status, place),
    headers: { ...retryHeaders(fault, status), ...fault.headers },
  };
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
  if (status === 429) return limitHeaders(retryAfter ?? RETRY_AFTER);
  return retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
}

/** What the vendor says with a 429. @param retryAfter seconds */
export function limitHeaders(retryAfter: number): Record<string, string> {
  return { 'retry-after': String(retryAfter), 'x-rate-limited-by': 'wise-public-api' };
}
