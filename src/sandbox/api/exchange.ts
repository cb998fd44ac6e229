import { setTimeout as pause } from 'node:timers/promises';
import * as v from 'valibot';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { produceRequest } from '../../wire/cards.ts';
import type { AnswerFault } from '../../wire/fault.ts';
import type { SubscriptionRequest } from '../../wire/subscriptions.ts';
import type { State } from '../state/state.ts';
import { type Moment, readSandboxRow } from '../state/tables/clock.ts';
import { type FaultTarget, findAnswerFault, useFault } from '../state/tables/faults.ts';
import { traceIdOf } from '../state/tables/tokens.ts';
import { type Answer, answerOfRefusal, invalidField, Refusal, type Reply, replyOf } from './answers.ts';
import { type Received, readContent } from './body.ts';
import { answerOfFault, limitHeaders } from './fault-answer.ts';
import type { Call } from './input.ts';
import {
  AUTHORIZATION_PAGE,
  findVendorRoute,
  isProductionPath,
  isSubscriptionsPath,
  type VendorRoute,
  versionlessPath,
} from './routes.ts';
import { readSubscription } from './subscriptions.ts';
import { checkBasic, checkBearer } from './tokens.ts';

const LONGEST_CORRELATION_ID = 36;

/** A request to the Wise API, with the context that its response needs. */
export interface Exchange {
  received: Received;
  /** Sequence number of the request in this process, from 1. */
  number: number;
  /** Milliseconds until a retry is allowed, if the request exceeds a rate limit; otherwise null. */
  limitedFor: number | null;
  /** Aborts the delay of a delayed response. */
  signal: AbortSignal;
  /** Validates the URL of a new subscription. If undefined, any URL is accepted. */
  checkCallback?: CallbackCheck | undefined;
}

/** Sends a test notification to the URL of a new subscription. @returns true if the receiver accepted it */
export type CallbackCheck = (wanted: SubscriptionRequest) => Promise<boolean>;

/** Handles a request to the Wise API and applies a matching fault. */
export async function answerVendor(state: State, exchange: Exchange): Promise<Reply> {
  const { received, limitedFor, checkCallback, signal } = exchange;
  if (limitedFor !== null) return refuse(state, exchange, tooManyRequests(limitedFor));
  const target = targetOf(received);
  const wanted = checkCallback && wantedSubscription(state, exchange, target);
  if (wanted && !(await checkCallback(wanted))) return refuse(state, exchange, INVALID_CALLBACK);
  const isRead = target.method === 'GET' && target.path !== AUTHORIZATION_PAGE;
  // Faults and due transitions change the state, so they need the write lock.
  const read = isRead
    ? state.read((moment) =>
        findAnswerFault(moment.db, target) ? null : perform(state, moment, { exchange, fault: null }),
      )
    : null;
  if (read) return read;
  const { fault, reply } = state.change((moment) => {
    const fault = findAnswerFault(moment.db, target);
    if (fault) useFault(moment.db, fault.id);
    const isLater = fault?.delayMs !== undefined && !fault.effect;
    return { fault, reply: isLater ? null : perform(state, moment, { exchange, fault }) };
  });
  if (fault?.delayMs) await pause(fault.delayMs, undefined, { signal });
  return reply ?? state.change((moment) => perform(state, moment, { exchange, fault }));
}

/** Rejects a request before it is handled. Does not consume a fault. */
function refuse(state: State, exchange: Exchange, refusal: Refusal): Reply {
  const at = state.now();
  const answer = answerOfRefusal(refusal, { at, path: exchange.received.path });
  return replyTo(state, exchange, { at, answer });
}

/** Creates the 429 response. Its `Retry-After` is in whole seconds of real time. */
function tooManyRequests(limitedFor: number): Refusal {
  return new Refusal(429, 'Too many requests', { headers: limitHeaders(Math.ceil(limitedFor / 1_000)) });
}

/**
 * The error for a subscription URL that failed the test notification. Source: observations of users of Wise's profile
 * subscriptions. Assumption: the value of `path`.
 */
const INVALID_CALLBACK = invalidField(
  'delivery.url',
  'The callback URL did not answer a test notification with 2xx in time',
  'INVALID_CALLBACK_URL',
);

/**
 * Returns the subscription that a request would create; null for other requests, and if a fault replaces the response.
 */
function wantedSubscription(
  state: State,
  { received }: Exchange,
  target: FaultTarget,
): SubscriptionRequest | null {
  if (target.method !== 'POST' || !isSubscriptionsPath(target.path)) return null;
  return state.change((moment) => {
    try {
      return findAnswerFault(moment.db, target)
        ? null
        : readSubscription(open(moment, { received, isFaulted: false }).call);
    } catch (error) {
      if (error instanceof Refusal) return null;
      throw error;
    }
  });
}

/** Handles a request, unless a fault replaces the response. */
function perform(
  state: State,
  moment: Moment,
  { exchange, fault }: { exchange: Exchange; fault: AnswerFault | null },
): Reply {
  const { received } = exchange;
  const { at } = moment;
  const hasEffect =
    fault?.reset !== 'before' && ((fault?.status ?? fault?.approval) === undefined || fault?.effect === true);
  const real = hasEffect ? execute(moment, received, fault !== null) : { status: 0 };
  const answer = (fault && answerOfFault(fault, { at, path: received.path })) ?? real;
  const { effect, kioskId } = real;
  return replyTo(state, exchange, { at, answer: { ...answer, effect, kioskId }, fault });
}

/** Serializes the response and adds the request to the request log. */
function replyTo(
  state: State,
  { received, number }: Exchange,
  { at, answer, fault = null }: { at: number; answer: Answer; fault?: AnswerFault | null },
): Reply {
  const { method, path, headers } = received;
  const { effect = false, kioskId = null } = answer;
  const ending = fault?.reset ? 'reset' : fault?.cut ? 'cut' : 'whole';
  const status = ending === 'reset' ? 0 : answer.status;
  state.log.defer({ at, method, path, status, effect, kioskId });
  const traceId = traceIdOf(readSandboxRow(state.db), [at, number, method, path]);
  return replyOf(answer, { at, traceId, correlationId: correlationIdOf(headers), ending });
}

function execute(moment: Moment, received: Received, isFaulted: boolean): Answer {
  try {
    const { route, call } = open(moment, { received, isFaulted });
    return route.handle(call);
  } catch (error) {
    if (error instanceof Refusal) return answerOfRefusal(error, { at: moment.at, path: received.path });
    throw error;
  }
}

/**
 * Finds the endpoint of a request, and runs the checks that all endpoints share: correlation id, authentication, body.
 * @throws Refusal
 */
function open(
  moment: Moment,
  { received, isFaulted }: { received: Received; isFaulted: boolean },
): { route: VendorRoute; call: Call } {
  const { method, path, query, headers } = received;
  checkCorrelationId(headers);
  const { route, parameters } = findVendorRoute(method, path);
  if (route.authentication === 'basic') checkBasic(headers.authorization);
  if (route.authentication === 'bearer') checkBearer(moment, headers.authorization);
  const body = readContent(route.content, received);
  return { route, call: { ...moment, parameters, query, headers, body, isFaulted } };
}

function targetOf({ method, path, body }: Received): FaultTarget {
  const versionless = versionlessPath(path);
  const isProduce = method === 'PUT' && isProductionPath(versionless);
  const request = v.safeParse(produceRequest, isProduce && body ? decodeJson(body) : undefined);
  return { method, path: versionless, kioskId: request.success ? request.output.kioskId : null };
}

/** Validates the optional correlation id. @throws Refusal 400 */
function checkCorrelationId(headers: Received['headers']): void {
  if (headers['x-external-correlation-id'] !== undefined && correlationIdOf(headers) === null)
    throw new Refusal(
      400,
      `X-External-Correlation-Id must have at most ${LONGEST_CORRELATION_ID} characters`,
    );
}

/** Returns the correlation id to echo in the response; null if it is missing, too long or not plain text. */
function correlationIdOf(headers: Received['headers']): string | null {
  const id = headers['x-external-correlation-id'];
  if (typeof id !== 'string' || id.length > LONGEST_CORRELATION_ID) return null;
  return /^[\x20-\x7e]*$/.test(id) ? id : null;
}
