import * as v from 'valibot';
import { id, optionalText } from './scalars.ts';

/** A card, without its digits, expiry and cardholder: no command shows them before the card is produced. */
export const card = v.object({
  token: v.string(),
  profileId: v.fallback(v.nullish(id, null), null),
  status: v.fallback(v.nullish(v.object({ value: optionalText }), null), null),
  cardProgram: v.fallback(v.nullish(v.object({ name: optionalText, cardType: optionalText }), null), null),
  creationTime: optionalText,
});
export type WiseCard = v.InferOutput<typeof card>;

export const cardPage = v.object({ totalCount: v.number(), cards: v.array(card) });
