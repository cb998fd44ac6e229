import { Failure } from '../domain/errors/failure.ts';
import type { Context } from './context.ts';

/**
 * Asks whether somebody is at the kiosks: what nobody takes is spoiled. Only a person knows, or the flag says it.
 * @throws Failure `not-confirmed`, `input-required`
 */
export async function approveAttended(ctx: Context, kioskIds: readonly string[]): Promise<void> {
  const question = `Does somebody take the cards at ${kioskIds.join(', ')}? What nobody takes is spoiled.`;
  if (await ctx.ask.confirm(question, { flag: '--attended', isAnsweredByYes: false })) return;
  throw declined('Have somebody there to take the cards; then run the command again.');
}

/** Somebody said no before anything was sent. */
export function declined(hint: string): Failure {
  return new Failure('not-confirmed', 'Nothing was sent.', { hint });
}
