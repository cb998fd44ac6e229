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
import { type ListedDelivery, listDeliveries, listEvents } from './state/tables/deliveries.ts';
import { deleteFault, deleteFaults, hasFault, insertFault, listFaults } from './state/tables/faults.ts';
import { findOrder } from './state/tables/orders.ts';
import { findProfile } from './state/tables/profiles.ts';
import { listRequests } from './state/tables/request-log.ts';
import { publicKeyOf, putToken } from './state/tables/tokens.ts';

interface ControlCall {
  state: State;
  parameters: PathParameters;
  body: Buffer;
}

interface ControlRoute extends Route {
  handle: (call: ControlCall) => Answer;
}

const word = v.pipe(v.string(), v.regex(/^[A-Z_]{1,40}$/, 'must be a word in capitals'));

const requirementBody = v.object({ status: word });
const orderBody = v.object({ status: v.picklist(['PRODUCED', 'COMPLETED', 'CANCELLED', 'RETURNED']) });
const tokenBody = v.object({ state: v.picklist(['good', 'expired', 'refused']) });
const policyBody = v.object({ policy: v.picklist(['any', 'listed']) });
const advanceBody = v.object({ milliseconds: v.pipe(v.number(), v.integer(), v.minValue(0)) });
const resetBody = v.object({ seed: v.optional(v.pipe(v.number(), v.safeInteger())) });

const ROUTES: readonly ControlRoute[] = [
  control('GET faults', ({ state }) => json({ faults: listFaults(state.db) })),
  control('POST faults', addFault),
  control('DELETE faults', ({ state }) => write(state, ({ db }) => deleteFaults(db))),
  control('PUT faults/{name}', putFault),
  control('DELETE faults/{name}', ({ state, parameters }) =>
    write(state, ({ db }) => deleteFault(db, parameters.name ?? '')),
  ),
  control('POST advance', advance),
  control('POST reset', reset),
  control('PUT profiles/{profileId}/requirements/{type}', putRequirement),
  control('PUT orders/{orderId}/status', putOrderStatus),
  control('PUT tokens/{token}', putTokenState),
  control('PUT token-policy', putTokenPolicy),
  control('GET requests', ({ state }) => json({ requests: state.change(({ db }) => requestsOf(db)) })),
  control('GET outbox', ({ state }) => json({ events: state.change(({ db }) => eventsOf(db)) })),
  control('GET deliveries', ({ state }) =>
    json({ deliveries: state.change(({ db }) => listDeliveries(db)).map(toDelivery) }),
  ),
  control('GET public-key', ({ state }) => ({
    status: 200,
    body: Buffer.from(publicKeyOf(state.db)),
    headers: { 'Content-Type': 'application/x-pem-file' },
  })),
];

/** Answers a request that controls the sandbox itself. It needs no token, so only this machine may send it. */
export function answerControl(state: State, received: Received): Answer {
  const { method, path } = received;
  try {
    checkOrigin(received);
    const [, ...segments] = segmentsOf(path);
    const { route, parameters } = findRoute(ROUTES, { method, segments });
    if (received.body === null) throw new Refusal(413, 'The body is too large');
    return route.handle({ state, parameters, body: received.body });
  } catch (error) {
    if (error instanceof Refusal) return answerOfRefusal(error, { at: state.now(), path });
    throw error;
  }
}

/** Refuses requests of web pages in a browser on this machine, which have an Origin. @throws Refusal 403 */
function checkOrigin({ isFromLoopback, headers }: Received): void {
  if (!isFromLoopback || headers.origin !== undefined)
    throw new Refusal(403, 'The sandbox is controlled from its own machine only');
}

function addFault({ state, body }: ControlCall): Answer {
  const fault = fieldsOf(faultSchema, parseJson(body));
  write(state, ({ db }) => insertFault(db, fault));
  return { status: 201, body: fault };
}

/** Sets a fault under a name. Where it is set already, nothing changes. */
function putFault({ state, parameters, body }: ControlCall): Answer {
  const fault = fieldsOf(faultSchema, parseJson(body));
  const { name = '' } = parameters;
  return write(state, ({ db }) => {
    if (!hasFault(db, name)) insertFault(db, fault, name);
  });
}

function advance({ state, body }: ControlCall): Answer {
  const { milliseconds } = fieldsOf(advanceBody, parseJson(body));
  return json({ now: utcTime(state.advance(milliseconds)) });
}

function reset({ state, body }: ControlCall): Answer {
  const { seed } = fieldsOf(resetBody, body.length === 0 ? {} : parseJson(body));
  state.reset(seed);
  return { status: 204 };
}

function putRequirement({ state, parameters, body }: ControlCall): Answer {
  const type = fieldsOf(word, parameters.type);
  const { status } = fieldsOf(requirementBody, parseJson(body));
  return write(state, (moment) => {
    const profile = findProfile(moment.db, numberOf(parameters.profileId));
    if (!profile) throw notFound('Profile');
    setRequirement(moment, profile.id, { type, status });
  });
}

function putOrderStatus({ state, parameters, body }: ControlCall): Answer {
  const { status } = fieldsOf(orderBody, parseJson(body));
  return write(state, (moment) => {
    const order = findOrder(moment.db, numberOf(parameters.orderId));
    if (!order) throw notFound('Card order');
    endOrder(moment, order, status);
  });
}

function putTokenState({ state, parameters, body }: ControlCall): Answer {
  const declared = fieldsOf(tokenBody, parseJson(body));
  return write(state, ({ db }) =>
    putToken(db, parameters.token ?? '', {
      kind: null,
      state: declared.state,
      expiresAt: null,
      clientId: null,
    }),
  );
}

function putTokenPolicy({ state, body }: ControlCall): Answer {
  const { policy } = fieldsOf(policyBody, parseJson(body));
  return write(state, ({ db }) => updateTokenPolicy(db, policy));
}

function requestsOf(db: Moment['db']): unknown[] {
  return listRequests(db).map(({ at, kioskId, ...request }) => ({
    ...request,
    at: utcTime(at),
    ...(kioskId !== null && { kioskId }),
  }));
}

function eventsOf(db: Moment['db']): unknown[] {
  return listEvents(db).map(({ at, ...event }) => ({ ...event, at: utcTime(at) }));
}

function toDelivery({ dueAt, ...delivery }: ListedDelivery): unknown {
  return { ...delivery, dueAt: utcTime(dueAt) };
}

function write(state: State, work: (moment: Moment) => void): Answer {
  state.change(work);
  return { status: 204 };
}

function json(body: unknown): Answer {
  return { status: 200, body };
}

function numberOf(text = ''): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalidFields([{ code: 'NOT_VALID', message: 'must be a whole number', path: 'id' }], 400);
}

function control(target: string, handle: ControlRoute['handle']): ControlRoute {
  const [method = '', path = ''] = target.split(' ');
  return { method, template: path.split('/'), handle };
}
