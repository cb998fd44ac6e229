import * as v from 'valibot';
import { cardToken, id, optionalText, requiredText } from './scalars.ts';

const embossedName = v.pipe(
  v.string(),
  v.trim(),
  v.minLength(1, 'must have 1 to 22 characters'),
  v.maxLength(22, 'must have 1 to 22 characters'),
);

const phoneNumber = v.pipe(v.string(), v.regex(/^\+[\d ]{5,20}$/, 'must start with + and the country code'));

/** Schema of an address. Fields vary by country, so unknown fields are allowed; Wise validates the address. */
export const address = v.looseObject({
  firstLine: v.nullish(v.string()),
  secondLine: v.nullish(v.string()),
  thirdLine: v.nullish(v.string()),
  city: v.nullish(v.string()),
  postCode: v.nullish(v.string()),
  state: v.nullish(v.string()),
  country: v.nullish(v.string()),
});
export type Address = v.InferOutput<typeof address>;

const orderFields = {
  program: requiredText,
  cardHolderName: requiredText,
  embossedName: v.optional(embossedName),
  phoneNumber: v.optional(phoneNumber),
  address,
  deliveryOption: v.optional(
    v.picklist(['POSTAL_SERVICE_STANDARD', 'POSTAL_SERVICE_WITH_TRACKING', 'KIOSK_COLLECTION']),
  ),
  lifetimeLimit: v.optional(v.pipe(v.number(), v.minValue(0))),
  cardHolderProfileId: v.optional(id),
  replacementDetails: v.optional(
    v.object({ cardToken: requiredText, reason: v.picklist(['CARD_DAMAGED', 'CARD_EXPIRING']) }),
  ),
};

/** Body of `POST …/card-orders`. */
export const orderRequest = v.object(orderFields);
export type OrderRequest = v.InferOutput<typeof orderRequest>;

/**
 * Schema of a user's order file (all fields optional). Rejects undocumented fields, and deliveries other than to a
 * kiosk.
 */
export const orderFile = v.partial(
  v.strictObject({
    ...orderFields,
    deliveryOption: v.literal('KIOSK_COLLECTION', 'kioskctl orders cards for kiosks only (KIOSK_COLLECTION)'),
  }),
);

const cardOrderFields = {
  id,
  profileId: id,
  status: v.string(),
  cardToken: v.fallback(v.nullish(cardToken, null), null),
  creationTime: optionalText,
  cardProgram: v.fallback(v.nullish(v.object({ name: optionalText, cardType: optionalText }), null), null),
  deliveryDetails: v.fallback(v.nullish(v.object({ deliveryOption: optionalText }), null), null),
};

/** Schema of a card order, without the cardholder's personal data, which most commands do not need. */
export const cardOrder = v.object(cardOrderFields);
export type CardOrder = v.InferOutput<typeof cardOrder>;

/** Schema of a card order with the fields that `order --like` copies. */
export const cardOrderWithHolder = v.object({
  ...cardOrderFields,
  cardHolderName: optionalText,
  phoneNumber: optionalText,
  lifetimeLimit: v.fallback(v.nullish(v.number(), null), null),
  address: v.fallback(v.nullish(address, null), null),
});
export type CardOrderWithHolder = v.InferOutput<typeof cardOrderWithHolder>;

export const orderPage = v.object({ totalCount: v.number(), cardOrders: v.array(cardOrder) });

export const programList = v.object({
  cardPrograms: v.array(
    v.object({
      name: v.string(),
      scheme: optionalText,
      defaultCurrency: optionalText,
      cardType: optionalText,
    }),
  ),
});
export type CardProgram = v.InferOutput<typeof programList>['cardPrograms'][number];

export const requirementList = v.object({
  requirements: v.array(v.object({ type: v.string(), status: v.string() })),
});

export const addressErrors = v.object({
  errors: v.array(v.object({ field: v.string(), message: v.string() })),
});
export type AddressError = v.InferOutput<typeof addressErrors>['errors'][number];

/** Body of `PUT …/card-orders/{cardOrderId}/status`. */
export const orderStatusRequest = v.object({ status: v.picklist(['CANCELLED', 'COMPLETED']) });
