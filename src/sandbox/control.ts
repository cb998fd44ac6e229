import * as v from 'valibot';
import { utcTime } from '../domain/times/vendor-time.ts';
import { faultSchema } from '../wire/fault.ts';
import { type Answer, answerOfRefusal, invalidFields, notFound, Refusal } from './api/answers.ts';
import { parseJson, type Received } from './api/body.ts';
import { fieldsOf } from './api/input.ts';
import { findRoute, type PathParameters, type Route, segmentsOf } from './api/router.ts';
import { endOrder, setRequirement } from './state/order-flow.ts';
import type { State } from './state/state.ts';
import { type Moment, updateTokenPolicy } from './state/tables/clock.ts';
import { listDeliveries, listEvents } from './state/tables/deliveries.ts';
import { deleteFault, deleteFaults, hasFault, insertFault, listFaults } from './state/tables/faults.ts';
import { findOrder } from './state/tables/orders.ts';
import { findProfile } from './state/tables/profiles.ts';
import { listRequests } from './state/tables/request-log.ts';
import { publicKeyOf, putToken } from './state/tables/tokens.ts';

interface ControlCall extends Moment {
  state: State;
  parameters: PathParameters;
  body: Buffer;
}

/** Handles a control request in a write transaction. Without a return value, the response is 204. */
type Handle = (call: ControlCall) => Answer | void;

const word = v.pipe(v.string(), v.regex(/^[A-Z_]{1,40}$/, 'must be a word in capitals'));

const requirementBody = v.object({ status: word });
const orderBody = v.object({ status: v.picklist(['PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED']) });
const tokenBody = v.object({ state: v.picklist(['good', 'expired', 'refused']) });
const policyBody = v.object({ policy: v.picklist(['any', 'listed']) });
const advanceBody = v.object({ milliseconds: v.pipe(v.number(), v.integer(), v.minValue(0)) });
const resetBody = v.object({ seed: v.optional(v.pipe(v.number(), v.safeInteger())) });

const ROUTES: readonly (Route & { handle: Handle })[] = [
  route('GET faults', ({ db }) => json({ faults: listFaults(db) })),
  route('POST faults', ({ db, body }) => {
    const fault = bodyOf(faultSchema, body);
    insertFault(db, fault);
    return { status: 201, body: fault };
  }),
  route('DELETE faults', ({ db }) => deleteFaults(db)),
  route('PUT faults/{name}', ({ db, parameters: { name = '' }, body }) => {
    const fault = bodyOf(faultSchema, body);
    if (!hasFault(db, name)) insertFault(db, fault, name);
  }),
  route('DELETE faults/{name}', ({ db, parameters: { name = '' } }) => deleteFault(db, name)),
  route('POST advance', ({ state, body }) => {
    const { milliseconds } = bodyOf(advanceBody, body);
    return json({ now: utcTime(state.advance(milliseconds)) });
  }),
  route('POST reset', ({ state, body }) => {
    state.reset(body.length === 0 ? undefined : bodyOf(resetBody, body).seed);
  }),
  route('PUT profiles/{profileId}/requirements/{type}', (call) => {
    const type = fieldsOf(word, call.parameters.type);
    const { status } = bodyOf(requirementBody, call.body);
    const profile = findProfile(call.db, numberOf(call.parameters.profileId));
    if (!profile) throw notFound('Profile');
    setRequirement(call, profile.id, { type, status });
  }),
  route('PUT orders/{orderId}/status', (call) => {
    const { status } = bodyOf(orderBody, call.body);
    const order = findOrder(call.db, numberOf(call.parameters.orderId));
    if (!order) throw notFound('Card order');
    endOrder(call, order, status);
  }),
  route('PUT tokens/{token}', ({ db, parameters: { token = '' }, body }) => {
    const { state } = bodyOf(tokenBody, body);
    putToken(db, token, { kind: null, state, expiresAt: null, clientId: null });
  }),
  route('PUT token-policy', ({ db, body }) => updateTokenPolicy(db, bodyOf(policyBody, body).policy)),
  route('GET requests', ({ db }) =>
    json({
      requests: listRequests(db).map(({ at, kioskId, ...request }) => ({
        ...request,
        at: utcTime(at),
        ...(kioskId !== null && { kioskId }),
      })),
    }),
  ),
  route('GET outbox', ({ db }) =>
    json({ events: listEvents(db).map(({ at, ...event }) => ({ ...event, at: utcTime(at) })) }),
  ),
  route('GET deliveries', ({ db }) =>
    json({
      deliveries: listDeliveries(db).map(({ dueAt, ...delivery }) => ({
        ...delivery,
        dueAt: utcTime(dueAt),
      })),
    }),
  ),
  route('GET public-key', ({ db }) => ({
    status: 200,
    body: Buffer.from(publicKeyOf(db)),
    headers: { 'Content-Type': 'application/x-pem-file' },
  })),
];

/** Handles a request to the control endpoint. It requires no token, and accepts only loopback connections. */
export function answerControl(state: State, received: Received): Answer {
  const { method, path, body } = received;
  try {
    checkOrigin(received);
    const [, ...segments] = segmentsOf(path);
    const { route, parameters } = findRoute(ROUTES, { method, segments });
    if (body === null) throw new Refusal(413, 'The body is too large');
    return state.change((moment) => route.handle({ ...moment, state, parameters, body })) ?? { status: 204 };
  } catch (error) {
    if (error instanceof Refusal) return answerOfRefusal(error, { at: state.now(), path });
    throw error;
  }
}

/** Rejects requests from web pages (with an Origin header). @throws Refusal 403 */
function checkOrigin({ isFromLoopback, headers }: Received): void {
  if (!isFromLoopback || headers.origin !== undefined)
    throw new Refusal(403, 'The sandbox is controlled from its own machine only');
}

function bodyOf<Schema extends v.GenericSchema>(schema: Schema, body: Buffer): v.InferOutput<Schema> {
  return fieldsOf(schema, parseJson(body));
}

function json(body: unknown): Answer {
  return { status: 200, body };
}

function numberOf(text = ''): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidFields([{ code: 'NOT_VALID', message: 'must be a whole number', path: 'id' }], 400);
}

function route(target: string, handle: Handle): Route & { handle: Handle } {
  const [method = '', path = ''] = target.split(' ');
  return { method, template: path.split('/'), handle };
}
