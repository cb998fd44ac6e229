import { Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { declined } from '../context/record-action.ts';
import type { KioskId } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';

const FLAG = '--allow-unlisted-kiosk';

/** For commands that send cards to a kiosk that they name. */
export const unlistedFlag = {
  'allow-unlisted-kiosk': Flags.boolean({
    helpGroup: 'ADVANCED',
    summary: 'Accept a kiosk that the context does not list.',
  }),
};

/** True if the context lists kiosks, but not this one. */
export function isUnlisted({ kiosks }: Pick<Context, 'kiosks'>, kioskId: KioskId | null): boolean {
  return kioskId !== null && kiosks.length > 0 && !kiosks.includes(kioskId);
}

/** Returns the flags that are missing to send cards to a kiosk in a non-interactive session. */
export function missingKioskFlags(
  ctx: Pick<Context, 'kiosks'>,
  kioskId: KioskId | null,
  isAllowed: boolean,
): string[] {
  return isUnlisted(ctx, kioskId) && !isAllowed ? [FLAG] : [];
}

/** Says that the context does not list a kiosk, with a similar one if there is one. */
export function describeUnlisted(
  { name, kiosks }: Pick<Context, 'name' | 'kiosks'>,
  kioskId: KioskId,
): string {
  const [meant] = nearestOf(kioskId, kiosks);
  const near = meant === undefined ? '' : ` Did you mean ${printable(meant)}?`;
  const listed = kiosks.map(printable).join(', ');
  return `Kiosk “${printable(kioskId)}” is not one of the kiosks of context ${name} (${listed}).${near}`;
}

/**
 * Asks before cards are sent to a kiosk that the context does not list: a mistyped kiosk would print them elsewhere.
 * @throws Failure `input-required` in a non-interactive session, `not-confirmed`
 */
export async function requireListed(
  ctx: Context,
  kioskId: KioskId | null,
  isAllowed: boolean,
): Promise<void> {
  if (kioskId === null || isAllowed || !isUnlisted(ctx, kioskId)) return;
  const question = `${describeUnlisted(ctx, kioskId)} Send cards there?`;
  if (await ctx.ask.confirm(question, { flag: FLAG, isAnsweredByYes: false })) return;
  throw declined('Name a kiosk of the context, or add the kiosk to it with kioskctl context set kiosks.');
}
