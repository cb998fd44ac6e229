import { wholeReference } from '../../context/card-names.ts';
import type { Context } from '../../context/context.ts';
import type { Card } from '../../domain/card.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { type FailureDocument, failure } from '../../domain/errors/failure.ts';
import { type CardIdentity, type CardName, formatReference } from '../../domain/ids.ts';

/** A card that a command works on. */
export interface CardRequest extends CardIdentity {
  /** The start of the current attempt, if a piped document or `--after` names it. */
  readonly after?: string | null;
  /** Set when an earlier command of a pipe failed with this card: it is skipped. */
  readonly passedOn?: PassedOn;
}

/** The result of a card in an earlier command. */
export interface PassedOn {
  exitCode: ExitCode;
  error: FailureDocument;
  /** The card as that command saw it. */
  card?: Card;
}

/** A reference from the arguments, or from a piped document, which has more fields. */
export type GivenReference = CardName & Pick<CardRequest, 'after' | 'passedOn'>;

/**
 * Finds the profiles of cards: from the reference, a piped document or the journal, or else the default profile. A card that
 * is named twice is returned once.
 * @throws Failure `profile-mismatch` if `--profile-id` names another profile, `input-required` without any profile
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
    // A card that failed in an earlier command is skipped, also if it is named a second time.
    named.set(key, same ? { ...target, ...same, ...pick(target) } : target);
  }
  return [...named.values()];
}

/** Returns the fields that a repeated reference adds to the first one. */
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
    // Only the answer of the API shows the current card of an order.
    cardToken: reference.cardToken,
    orderId: reference.orderId ?? known?.orderId ?? null,
    after,
    ...(passedOn && { passedOn }),
  };
}
