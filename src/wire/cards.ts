import * as v from 'valibot';
import { cardToken, id, optionalText } from './scalars.ts';

/** A card, without its digits, expiry and cardholder: no command shows them before the card is produced. */
export const card = v.object({
  token: cardToken,
  profileId: v.fallback(v.nullish(id, null), null),
  status: v.fallback(v.nullish(v.object({ value: optionalText }), null), null),
  cardProgram: v.fallback(v.nullish(v.object({ name: optionalText, cardType: optionalText }), null), null),
  creationTime: optionalText,
});
export type WiseCard = v.InferOutput<typeof card>;

/** An entry that is no card is kept out of the way. */
export const cardPage = v.object({
  totalCount: v.number(),
  cards: v.pipe(
    v.array(v.fallback(v.nullable(card), null)),
    v.transform((cards) => cards.filter((one) => one !== null)),
  ),
});
