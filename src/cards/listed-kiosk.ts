import { Flags } from '@oclif/core';
import type { Context } from '../context/context.ts';
import { declined } from '../context/record-action.ts';
import type { KioskId } from '../domain/ids.ts';
import { commandLine } from '../domain/next-command.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';

const FLAG = '--allow-unlisted-kiosk';

/** The flag of commands that send cards to a kiosk named by the user. */
export const unlistedFlag = {
  'allow-unlisted-kiosk': Flags.boolean({
    helpGroup: 'ADVANCED',
    summary: 'Accept a kiosk that the context does not list.',
  }),
};

/** True if the context lists kiosks, and this kiosk is not among them. */
export function isUnlisted({ kiosks }: Pick<Context, 'kiosks'>, kioskId: KioskId | null): boolean {
  return kioskId !== null && kiosks.length > 0 && !kiosks.includes(kioskId);
}

/** Returns the missing flags that a destination requires in a non-interactive session. */
export function missingKioskFlags(
  ctx: Pick<Context, 'kiosks'>,
  kioskId: KioskId | null,
  isAllowed: boolean,
): string[] {
  return isUnlisted(ctx, kioskId) && !isAllowed ? [FLAG] : [];
}

/** Describes that the context does not list a kiosk, and suggests a similar one. */
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
 * Prompts before cards are sent to a kiosk that the context does not list. If the id were mistyped, the cards would be
 * printed at the wrong kiosk.
 * @throws Failure `input-required` in a non-interactive session, `not-confirmed`
 */
export async function requireListed(
  ctx: Context,
  kioskId: KioskId | null,
  isAllowed: boolean,
): Promise<void> {
  if (kioskId === null || isAllowed || !isUnlisted(ctx, kioskId)) return;
  const question = `${describeUnlisted(ctx, kioskId)} Send cards to ${printable(kioskId)}?`;
  if (await ctx.ask.confirm(question, { flag: FLAG, isAnsweredByYes: false })) return;
  const add = commandLine(['context', 'set', 'kiosks', [...ctx.kiosks, kioskId].join(',')], ctx.invocation);
  throw declined(
    `Name a kiosk of the context${ctx.environment === 'local' ? '.' : `, or add this one: ${add}`}`,
  );
}
