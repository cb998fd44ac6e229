import type { Context } from '../../context/context.ts';
import type { Card } from '../../domain/card.ts';
import type { ExitCode } from '../../domain/errors/exit-codes.ts';
import { Failure, type FailureDocument } from '../../domain/errors/failure.ts';
import { formatReference, type Reference } from '../../domain/ids.ts';

/** A card that a command is to work on. */
export interface Target {
  profileId: number;
  cardToken: string | null;
  orderId: number | null;
  /** Set once the profile's orders were looked through for the card in vain. */
  orderSearched?: boolean;
  /** The time at which the current attempt began, when a piped document or `--after` said so. */
  after: string | null;
  /** Set when an earlier command of a pipe already failed with this card: nothing is done with it any more. */
  passedOn?: PassedOn;
}

/** How a card ended in an earlier command. */
export interface PassedOn {
  exitCode: ExitCode;
  error: FailureDocument;
  /** The card as that command saw it. */
  card?: Card;
}

/** A reference as a command got it: from its arguments, or with more from a piped document. */
export interface GivenReference extends Reference {
  after?: string | null;
  passedOn?: PassedOn;
}

/**
 * Finds out whose cards the references are: their own profile first (from the reference, a piped document or the
 * journal), else the default one. A card that is named again, as far as that can be told yet, is named once.
 * @throws Failure `profile-mismatch` when an explicit `--profile-id` contradicts, `input-required` without any profile
 */
export async function resolveTargets(ctx: Context, references: readonly GivenReference[]): Promise<Target[]> {
  const targets = await Promise.all(references.map((reference) => resolveTarget(ctx, reference)));
  const named = new Map<string, Target>();
  for (const target of targets) {
    const key = formatReference({ ...target, cardToken: target.orderId === null ? target.cardToken : null });
    const same = named.get(key);
    // A card with which an earlier command failed is left alone, whatever else names it.
    named.set(key, same ? { ...target, ...same, ...pick(target) } : target);
  }
  return [...named.values()];
}

/** What a second naming of a card adds to the first. */
function pick({ cardToken, passedOn }: Target): Partial<Target> {
  return { ...(cardToken !== null && { cardToken }), ...(passedOn && { passedOn }) };
}

async function resolveTarget(ctx: Context, reference: GivenReference): Promise<Target> {
  const known = await ctx.journal.findCard(reference);
  const own = reference.profileId ?? known?.profileId ?? null;
  if (own !== null && ctx.profileIsExplicit && own !== ctx.profileId) {
    throw new Failure('profile-mismatch', `Card ${formatReference(reference)} belongs to profile ${own}.`, {
      hint: `Leave --profile-id out, or name a card of profile ${ctx.profileId}.`,
    });
  }
  if (own === null && ctx.profileId !== null && !ctx.profileIsExplicit) {
    ctx.report.note(
      `Card ${formatReference(reference)}: taken for one of the default profile ${ctx.profileId}.`,
    );
  }
  const profileId = own ?? ctx.profileId;
  if (profileId === null) {
    throw new Failure('input-required', `Whose card is ${formatReference(reference)}?`, {
      hint: 'Name its profile: PROFILE/CARD, --profile-id, or KIOSKCTL_PROFILE_ID.',
    });
  }
  return {
    profileId,
    // An order names its card itself, in the API's answer.
    cardToken: reference.cardToken,
    orderId: reference.orderId ?? known?.orderId ?? null,
    after: reference.after ?? null,
    ...(reference.passedOn && { passedOn: reference.passedOn }),
  };
}
