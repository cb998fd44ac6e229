import type { Context } from '../context/context.ts';
import { Failure } from '../domain/errors/failure.ts';
import { nearestOf } from '../domain/text/nearest.ts';
import { printable } from '../domain/text/terminal-text.ts';

/** The kiosks of the context, those that the journal heard of, and those on hold; in order. */
export async function knownKiosks(ctx: Context): Promise<string[]> {
  const heard = [...(await ctx.journal.listKiosks()), ...(await ctx.journal.listHolds())];
  return [...new Set([...ctx.kiosks, ...heard.map(({ kioskId }) => kioskId)])].toSorted();
}

/**
 * A kiosk that nothing knows is a mistake in writing, and must not look like one at which all is well.
 * @throws Failure `usage`
 */
export async function requireKnownKiosks(ctx: Context, kioskIds: readonly string[]): Promise<void> {
  if (kioskIds.length === 0) return;
  const known = await knownKiosks(ctx);
  const unknown = kioskIds.find((kioskId) => !known.includes(kioskId));
  if (unknown === undefined) return;
  throw new Failure('usage', describeUnknown(ctx, unknown), { hint: nameKnown(known, unknown) });
}

export function describeUnknown({ name }: Context, kioskId: string): string {
  return `Neither the journal nor context ${name} knows a kiosk “${printable(kioskId)}”.`;
}

/** How many kiosks a message names. */
const NAMED = 20;

/** Names the kiosks that are known, and first those that somebody may have meant, where that helps. */
export function nameKnown(known: readonly string[], wanted: string): string {
  const meant = nearestOf(wanted, known);
  const suggestion =
    meant.length > 0 && meant.length < known.length
      ? `Did you mean ${meant.map(printable).join(' or ')}? `
      : '';
  const more = known.length > NAMED ? ` and ${known.length - NAMED} more` : '';
  const names = known.slice(0, NAMED).map(printable).join(', ') || 'none';
  return `${suggestion}Known here: ${names}${more}.`;
}
