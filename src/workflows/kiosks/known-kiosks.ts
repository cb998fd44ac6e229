import { Failure } from '../../domain/failure.ts';
import { kioskOf } from '../../domain/selection.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { Context } from '../context.ts';
import { selectFromJournal } from './journal-cards.ts';

/** The kiosks of the context, and those that the journal heard of; in order. */
export async function knownKiosks(ctx: Context): Promise<string[]> {
  const cards = await selectFromJournal(ctx, {}, { isUnfinished: true });
  const produced = await ctx.journal.listLastProduced();
  const holds = await ctx.journal.listHolds();
  const heard = [...cards.map(kioskOf), ...[...produced, ...holds].map(({ kioskId }) => kioskId)];
  return [...new Set([...ctx.kiosks, ...heard.filter((kioskId) => kioskId !== null)])].toSorted();
}

/** A kiosk that nobody knows is a mistake in writing. @throws Failure `usage` */
export async function requireKnownKiosks(ctx: Context, kioskIds: readonly string[]): Promise<void> {
  const known = await knownKiosks(ctx);
  const unknown = kioskIds.find((kioskId) => !known.includes(kioskId));
  if (unknown === undefined) return;
  const names = known.length > 0 ? known.map(printable).join(', ') : 'none';
  throw new Failure(
    'usage',
    `Neither the journal nor context ${ctx.name} knows a kiosk “${printable(unknown)}”.`,
    { hint: `Known here: ${names}.` },
  );
}
