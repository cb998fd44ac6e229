import * as v from 'valibot';
import { Failure } from '../domain/errors/failure.ts';
import { type CardToken } from '../domain/ids.ts';
import type { Production } from '../domain/production.ts';
import { card, cardPage, productionStatus, type SimulationRequest, type WiseCard } from '../wire/cards.ts';
import type { Client } from './client.ts';
import { PAGE_SIZE } from './orders.ts';
import type { ConnectedRequest, OpenOptions, ReadOptions, SendOptions, Sent } from './vendor-request.ts';

interface CardName {
  profileId: number;
  cardToken: CardToken;
}

export type ProduceAnswer = Sent & { production: Production | null };

const cardsOf = (profileId: number) => `/v3/spend/profiles/${profileId}/cards`;

export async function getCard(
  client: Client,
  { profileId, cardToken }: CardName,
  options?: ReadOptions,
): Promise<WiseCard> {
  return client.read({ path: `${cardsOf(profileId)}/${cardToken}`, profileId, schema: card }, options);
}

/** Lists a page of cards. @param page number of the page, from 1 */
export async function listCards(
  client: Client,
  { profileId, page }: { profileId: number; page: number },
  options?: ReadOptions,
): Promise<{ totalCount: number; cards: WiseCard[] }> {
  const path = `${cardsOf(profileId)}?pageSize=${PAGE_SIZE}&pageNumber=${page}`;
  return client.read({ path, profileId, schema: cardPage }, options);
}

/**
 * Returns the latest production of a card, or null. Wise does not document the response before READY: 404, 422, and a
 * response without a body or status count as null.
 */
export async function getProduction(
  client: Client,
  { profileId, cardToken }: CardName,
  options?: ReadOptions,
): Promise<Production | null> {
  const path = `${cardsOf(profileId)}/${cardToken}/production`;
  const schema = v.union([productionStatus, v.object({ status: v.optional(v.null()) }), v.null()]);
  try {
    const production = await client.read({ path, profileId, schema }, options);
    return production && 'kioskId' in production ? production : null;
  } catch (error) {
    if (error instanceof Failure && [404, 422].includes(error.details?.httpStatus ?? 0)) return null;
    throw error;
  }
}

/**
 * Opens a connection for a produce request. `go({ kioskId })` sends the request, once; `domain/production.ts`
 * interprets the response.
 * @throws Failure without a token or connection; the signal's reason
 */
export async function openProduce(
  client: Client,
  { profileId, cardToken }: CardName,
  options: OpenOptions,
): Promise<ConnectedRequest<ProduceAnswer>> {
  const path = `${cardsOf(profileId)}/${cardToken}/production`;
  return client.open({ method: 'PUT', path, profileId, decode: withProduction }, options);
}

function withProduction(sent: Sent): ProduceAnswer {
  const parsed = v.safeParse(productionStatus, sent.kind === 'answered' ? sent.body : undefined);
  return { ...sent, production: parsed.success ? parsed.output : null };
}

/** Sets the result of a production in a sandbox. */
export async function simulateProduction(
  client: Client,
  { profileId, cardToken, simulation }: CardName & { simulation: SimulationRequest },
  options?: SendOptions,
): Promise<Sent> {
  const path = `/v1/simulation/spend/profiles/${profileId}/cards/${cardToken}/production`;
  return client.send({ method: 'POST', path, profileId, body: simulation }, options);
}

/** Completes the verification of a profile in a sandbox. */
export async function simulateVerification(client: Client, profileId: number): Promise<Sent> {
  return client.send({
    method: 'POST',
    path: `/v1/simulation/profiles/${profileId}/verifications`,
    profileId,
  });
}

/**
 * Sends a request without a token, to check that the API responds.
 * @returns the duration in milliseconds
 * @throws Failure without a response, or for a 5xx
 */
export async function reach(client: Client, options: ReadOptions = {}): Promise<number> {
  const started = performance.now();
  const request = { path: '/', profileId: 'application', authorization: null } as const;
  try {
    await client.read({ ...request, schema: v.unknown() }, options);
  } catch (error) {
    const isAnswered = error instanceof Failure && (error.details?.httpStatus ?? 500) < 500;
    if (!isAnswered) throw error;
  }
  return Math.round(performance.now() - started);
}
