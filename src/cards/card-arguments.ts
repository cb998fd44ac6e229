import type { Context } from '../context/context.ts';
import { failure } from '../domain/errors/failure.ts';
import { parseReference } from '../domain/ids.ts';
import { type CardRequest, type PassedOn, resolveCards } from './session/resolve-cards.ts';
import { parsePiped } from './stdin-cards.ts';

/** The cards of a command, and whether its document shows one card or a list. */
export interface CardInput {
  targets: CardRequest[];
  shape: 'card' | 'cards';
}

/**
 * Reads the CARD arguments of a command; a single `-` stands for standard input, read to its end.
 * @throws Failure `usage`, `invalid-reference`, and what piped input throws
 * @throws PassedOnError
 */
export async function readCards(ctx: Context, given: readonly string[]): Promise<CardInput> {
  if (!given.includes('-')) {
    const targets = await resolveCards(ctx, given.map(parseReference));
    return { targets, shape: given.length === 1 ? 'card' : 'cards' };
  }
  if (given.length > 1) {
    throw failure(
      'usage',
      'Standard input (-) and other cards were named together.',
      'Name the cards, or pipe all of them in.',
    );
  }
  const piped = parsePiped(await ctx.files.stdin(), ctx.environment);
  if (piped.kind === 'passed-on') throw new PassedOnError(piped.passedOn);
  return { targets: await resolveCards(ctx, piped.references), shape: piped.shape };
}

/** An earlier command of the pipe failed before it had a card: its error goes on, with its exit code. */
export class PassedOnError extends Error {
  readonly passedOn: PassedOn;

  constructor(passedOn: PassedOn) {
    super(passedOn.error.message);
    this.passedOn = passedOn;
  }
}
