import { wholeReference } from '../../context/card-names.ts';
import type { Context } from '../../context/context.ts';
import type { Card } from '../../domain/card.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { type FailureDocument, failure } from '../../domain/errors/failure.ts';
import { type CardIdentity, type CardName, formatReference } from '../../domain/ids.ts';

/** A card that a command processes. */
export interface CardRequest extends CardIdentity {
  /** Start time of the current attempt, from a piped document or `--after`. */
  readonly after?: string | null;
  /** Set if the previous command of a pipe failed with this card. The card is skipped. */
  readonly passedOn?: PassedOn;
}

/** The failure that the previous command of a pipe reported for a card. */
export interface PassedOn {
  exitCode: ExitCode;
  error: FailureDocument;
  /** The card in the output of the previous command. */
  card?: Card;
}

/** A reference from the arguments, or from a piped document with additional fields. */
export type GivenReference = CardName & Pick<CardRequest, 'after' | 'passedOn'>;

/**
 * Finds the profile of each card: from the reference, the piped document, the journal, or the default profile. Removes
 * duplicates.
 * @throws Failure `profile-mismatch` if `--profile-id` is another profile, `input-required` without any profile
 */
export async function resolveCards(
  ctx: Context,
  references: readonly GivenReference[],
): Promise<CardRequest[]> {
  const targets = await Promise.all(references.map((reference) => resolveCard(ctx, reference)));
  const named = new Map<string, CardRequest>();
  for (const target of targets) {
    const key = formatReference({ ...target, cardToken: target.orderId === null ? target.cardToken : null });
    const same = named.get(key);
    // A card that failed in the previous command is skipped, even if it is named again.
    named.set(key, same ? { ...target, ...same, ...pick(target) } : target);
  }
  return [...named.values()];
}

/** Returns the fields that a duplicate adds to the first reference. */
function pick({ cardToken, passedOn }: CardRequest): Partial<CardRequest> {
  return { ...(cardToken !== null && { cardToken }), ...(passedOn && { passedOn }) };
}

async function resolveCard(ctx: Context, given: GivenReference): Promise<CardRequest> {
  const { after = null, passedOn } = given;
  const reference = await wholeReference(ctx, given);
  const known = await ctx.journal.findCard(reference);
  const own = reference.profileId ?? known?.profileId ?? null;
  if (own !== null && ctx.profileIsExplicit && own !== ctx.profileId) {
    throw failure(
      'profile-mismatch',
      `Card ${formatReference(reference)} belongs to profile ${own}.`,
      `Leave out --profile-id, or pass a card of profile ${ctx.profileId}.`,
    );
  }
  if (own === null && ctx.profileId !== null && !ctx.profileIsExplicit) {
    ctx.report.note(`Using default profile ${ctx.profileId} for card ${formatReference(reference)}.`);
  }
  const profileId = own ?? ctx.profileId;
  if (profileId === null) {
    throw failure(
      'input-required',
      `The profile of card ${formatReference(reference)} is not known.`,
      'Set its profile: PROFILE/CARD, --profile-id or KIOSKCTL_PROFILE_ID.',
    );
  }
  return {
    profileId,
    // Only the API shows the current card of an order.
    cardToken: reference.cardToken,
    orderId: reference.orderId ?? known?.orderId ?? null,
    after,
    ...(passedOn && { passedOn }),
  };
}
