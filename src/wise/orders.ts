import type { Requirement } from '../domain/order.ts';
import {
  type Address,
  type AddressError,
  addressErrors,
  type CardOrder,
  type CardOrderWithHolder,
  type CardProgram,
  cardOrder,
  cardOrderWithHolder,
  type OrderRequest,
  orderPage,
  programList,
  requirementList,
} from '../wire/orders.ts';
import type { Client, ReadOptions, SendOptions, Sent } from './client.ts';
import type { ConnectedRequest, OpenOptions } from './vendor-request.ts';

interface OrderName {
  profileId: number;
  orderId: number;
}

const ordersOf = (profileId: number) => `/v3/spend/profiles/${profileId}/card-orders`;

/** Lists the card programs of a profile. The list is empty if the profile can't order more cards. */
export async function listPrograms(
  client: Client,
  profileId: number,
  options?: ReadOptions,
): Promise<CardProgram[]> {
  const path = `${ordersOf(profileId)}/availability`;
  const { cardPrograms } = await client.read({ path, profileId, schema: programList }, options);
  return cardPrograms;
}

/** Asks Wise to validate an address. Wise does not store it. */
export async function validateAddress(
  client: Client,
  { profileId, address }: { profileId: number; address: Address },
  options?: ReadOptions,
): Promise<AddressError[]> {
  const request = { method: 'POST', path: '/v3/spend/address/validate', profileId, body: address } as const;
  const { errors } = await client.read({ ...request, schema: addressErrors }, options);
  return errors;
}

/** Creates an order, without retries. Wise returns the same order for the same idempotency key and data. */
export async function createOrder(
  client: Client,
  { profileId, idempotencyKey, order }: { profileId: number; idempotencyKey: string; order: OrderRequest },
  options?: SendOptions,
): Promise<Sent> {
  const headers = { 'x-idempotence-uuid': idempotencyKey };
  return client.send({ method: 'POST', path: ordersOf(profileId), profileId, body: order, headers }, options);
}

export async function getOrder(
  client: Client,
  { profileId, orderId }: OrderName,
  options?: ReadOptions,
): Promise<CardOrder> {
  return client.read({ path: `${ordersOf(profileId)}/${orderId}`, profileId, schema: cardOrder }, options);
}

/** Returns an order with the cardholder's data, for copying it. */
export async function getOrderWithHolder(
  client: Client,
  { profileId, orderId }: OrderName,
): Promise<CardOrderWithHolder> {
  const path = `${ordersOf(profileId)}/${orderId}`;
  return client.read({ path, profileId, schema: cardOrderWithHolder });
}

/** Lists a page of orders. @param page number of the page, from 1 */
export async function listOrders(
  client: Client,
  { profileId, page }: { profileId: number; page: number },
  options?: ReadOptions,
): Promise<{ totalCount: number; cardOrders: CardOrder[] }> {
  const path = `${ordersOf(profileId)}?pageSize=${PAGE_SIZE}&pageNumber=${page}`;
  return client.read({ path, profileId, schema: orderPage }, options);
}

/** Maximum page size of Wise. */
export const PAGE_SIZE = 100;

/** Yields the orders of a profile. Loads further pages on demand. */
export function allOrders(
  client: Client,
  profileId: number,
  options?: ReadOptions,
): AsyncGenerator<CardOrder> {
  const readPage = async (page: number) =>
    (await listOrders(client, { profileId, page }, options)).cardOrders;
  return everyRow(readPage, ({ id }) => id);
}

/** Yields the rows of all pages, without duplicates. Ends after a page that is not full or contains no new row. */
export async function* everyRow<Row>(
  readPage: (page: number) => Promise<readonly Row[]>,
  idOf: (row: Row) => unknown,
): AsyncGenerator<Row> {
  const seen = new Set<unknown>();
  for (let page = 1; ; page += 1) {
    const rows = await readPage(page);
    const fresh = rows.filter((row) => !seen.has(idOf(row)));
    for (const row of fresh) seen.add(idOf(row));
    yield* fresh;
    if (fresh.length === 0 || rows.length < PAGE_SIZE) return;
  }
}

export async function listRequirements(
  client: Client,
  { profileId, orderId }: OrderName,
  options?: ReadOptions,
): Promise<Requirement[]> {
  const path = `${ordersOf(profileId)}/${orderId}/requirements`;
  const { requirements } = await client.read({ path, profileId, schema: requirementList }, options);
  return requirements;
}

/**
 * Opens a connection for cancelling an order. `go(CANCELLATION)` sends the request, once. Wise responds with 202, and
 * cancels the order shortly after.
 * @throws Failure without a token or connection; the signal's reason
 */
export async function openCancellation(
  client: Client,
  { profileId, orderId }: OrderName,
  options: OpenOptions,
): Promise<ConnectedRequest<Sent>> {
  const path = `${ordersOf(profileId)}/${orderId}/status`;
  return client.open({ method: 'PUT', path, profileId, decode: (sent) => sent }, options);
}

export const CANCELLATION = { status: 'CANCELLED' } as const;
