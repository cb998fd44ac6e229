import * as v from 'valibot';
import { cardToken, id, optionalText, requiredText, wiseKioskId } from './scalars.ts';

/** Schema of a card, without digits, expiry and cardholder, which no command shows. */
export const card = v.object({
  token: cardToken,
  profileId: v.fallback(v.nullish(id, null), null),
  status: v.fallback(v.nullish(v.object({ value: optionalText }), null), null),
  cardProgram: v.fallback(v.nullish(v.object({ name: optionalText, cardType: optionalText }), null), null),
  creationTime: optionalText,
});
export type WiseCard = v.InferOutput<typeof card>;

/** Schema of a page of cards. Invalid entries are dropped. */
export const cardPage = v.object({
  totalCount: v.number(),
  cards: v.pipe(
    v.array(v.fallback(v.nullable(card), null)),
    v.transform((cards) => cards.filter((one) => one !== null)),
  ),
});

/** Body of `PUT …/cards/{cardToken}/status`. */
export const cardStatusRequest = v.object({ status: v.picklist(['ACTIVE', 'FROZEN', 'BLOCKED']) });

/** Body of `PUT …/cards/{cardToken}/production`. */
export const produceRequest = v.object({ kioskId: requiredText });

/** `ProductionStatus`, the response of PUT and GET. `status` is required, but may have an unknown value. */
export const productionStatus = v.object({
  status: v.string(),
  kioskId: wiseKioskId,
  occurredAt: optionalText,
  errorCode: optionalText,
  description: optionalText,
});

/** Body of the sandbox's `POST …/simulation/…/production`. */
export const simulationRequest = v.pipe(
  v.object({
    status: v.picklist(['PRODUCED', 'PRODUCTION_ERROR']),
    errorCode: v.nullish(v.string()),
  }),
  v.check(
    ({ status, errorCode }) => !errorCode || status === 'PRODUCTION_ERROR',
    'errorCode must be set only with PRODUCTION_ERROR',
  ),
);
export type SimulationRequest = v.InferOutput<typeof simulationRequest>;
