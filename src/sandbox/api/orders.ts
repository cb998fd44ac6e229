import { type OrderRequest, orderRequest, orderStatusRequest } from '../../wire/orders.ts';
import { isCancellable, placeOrder } from '../state/order-flow.ts';
import { findCard } from '../state/tables/cards.ts';
import { DELAYS, dueAfter } from '../state/tables/clock.ts';
import { countOrders, findOrder, findOrderByKey, listOrders, type Order } from '../state/tables/orders.ts';
import { isScheduled, schedule } from '../state/tables/productions.ts';
import { listOrderRequirements, type Profile } from '../state/tables/profiles.ts';
import { sha256 } from '../state/tables/tokens.ts';
import { checkAddress } from './addresses.ts';
import { type Answer, invalidField, invalidFields, notFound } from './answers.ts';
import { canonicalJson } from './body.ts';
import { type Call, fieldsOf, idempotencyKeyOf, idParameter, pageOf, profileOf } from './input.ts';
import { availablePrograms, findProgram, limitReached, type Program, toCardOrder } from './order-bodies.ts';

const CARD_TOKEN = 'replacementDetails.cardToken';

/** `GET …/card-orders/availability` */
export function listPrograms(call: Call): Answer {
  return { status: 200, body: { cardPrograms: availablePrograms(call, profileOf(call)) } };
}

/** `POST …/card-orders`: 200 with the order. A repeated idempotency key with the same body returns the same order. */
export function createOrder(call: Call): Answer {
  const profile = profileOf(call);
  const idempotencyKey = idempotencyKeyOf(call);
  const request = fieldsOf(orderRequest, withoutNulls(call.body));
  const fingerprint = sha256(canonicalJson(call.body));
  const known = findOrderByKey(call.db, profile.id, idempotencyKey);
  if (known) return repeatOrder(known, fingerprint);
  const program = checkOrder(call, profile, request);
  const order = placeOrder(call, {
    profileId: profile.id,
    idempotencyKey,
    fingerprint,
    cardType: program.cardType,
    request,
  });
  return { status: 200, body: toCardOrder(order), effect: true };
}

/** `GET …/card-orders`. Newest first (assumption). */
export function listCardOrders(call: Call): Answer {
  const profile = profileOf(call);
  const orders = listOrders(call.db, profile.id, pageOf(call));
  return {
    status: 200,
    body: { totalCount: countOrders(call.db, profile.id), cardOrders: orders.map(toCardOrder) },
  };
}

/** `GET …/card-orders/{cardOrderId}` */
export function getOrder(call: Call): Answer {
  return { status: 200, body: toCardOrder(orderOf(call)) };
}

/** `GET …/card-orders/{cardOrderId}/requirements` */
export function getRequirements(call: Call): Answer {
  return { status: 200, body: { requirements: listOrderRequirements(call.db, orderOf(call).id) } };
}

/** `PUT …/card-orders/{cardOrderId}/status`: 202. The status changes to CANCELLED shortly after the response. */
export function updateOrder(call: Call): Answer {
  const order = orderOf(call);
  const { status } = fieldsOf(orderStatusRequest, call.body);
  // COMPLETED is deprecated, and only some partners may still set it.
  if (status !== 'CANCELLED')
    throw invalidField('status', `An order cannot be set to ${status}`, 'STATUS_NOT_ALLOWED');
  if (order.status === 'CANCELLED') return { status: 202 };
  if (!isCancellable(order))
    throw invalidField('status', `An order in ${order.status} cannot be cancelled`, 'STATUS_NOT_ALLOWED');
  if (isScheduled(call.db, 'cancelled', order.id)) return { status: 202 };
  schedule(call.db, { kind: 'cancelled', orderId: order.id }, dueAfter(call, DELAYS.cancelled));
  return { status: 202, effect: true };
}

/** Returns the order in the request path. @throws Refusal 404, also if the order belongs to another profile */
function orderOf(call: Call): Order {
  const profile = profileOf(call);
  const order = findOrder(call.db, idParameter(call, 'cardOrderId'));
  if (order?.profileId !== profile.id) throw notFound('Card order');
  return order;
}

function repeatOrder(order: Order, fingerprint: string): Answer {
  if (order.fingerprint === fingerprint) return { status: 200, body: toCardOrder(order) };
  const name = 'X-idempotence-uuid';
  throw invalidField(name, `${name} was used before with another body`, 'IDEMPOTENCY_KEY_REUSED');
}

/** Validates an order beyond its schema: program, address, replaced card, card limits. @throws Refusal 422 */
function checkOrder(call: Call, profile: Profile, request: OrderRequest): Program {
  const program = findProgram(request.program);
  if (!program) throw invalidField('program', 'program is not one of the card programs of this profile');
  const faults = checkAddress(request.address);
  if (faults.length > 0) {
    throw invalidFields(
      faults.map(({ field, message }) => ({ code: 'NOT_VALID', message, path: `address.${field}` })),
    );
  }
  checkReplacement(call, profile, request);
  const limit = limitReached(call, profile, program.cardType);
  // Wise does not document this error body.
  if (limit !== null)
    throw invalidField('program', `This profile has reached its limit of ${limit}`, 'CARD_LIMIT_REACHED');
  return program;
}

/** Validates the replaced card: same profile and same program as the order. @throws Refusal 422 */
function checkReplacement({ db }: Call, profile: Profile, request: OrderRequest): void {
  if (!request.replacementDetails) return;
  const card = findCard(db, request.replacementDetails.cardToken.toLowerCase());
  if (card?.profileId !== profile.id)
    throw invalidField(CARD_TOKEN, `${CARD_TOKEN} is not a card of this profile`);
  if (findOrder(db, card.orderId)?.request.program !== request.program)
    throw invalidField(CARD_TOKEN, `${CARD_TOKEN} is a card of another card program`);
}

/**
 * Normalizes an order: drops optional fields that are null, and renames `billingAddress` (in Wise's examples) to
 * `address` (in its documentation).
 */
function withoutNulls(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const fields = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  return 'billingAddress' in fields ? { address: fields.billingAddress, ...fields } : fields;
}
