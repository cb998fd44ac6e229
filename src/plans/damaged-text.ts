import type { Context } from '../context/context.ts';
import { commandLine } from '../domain/next-command.ts';

/** Returns the warning about a plan that this version can't read. */
export function damagedText({ invocation }: Pick<Context, 'invocation'>, id: string): string {
  const recover = commandLine(['kiosk', 'recover'], invocation);
  return `Plan ${id} can't be read, so it is left out and sends nothing. If no newer version of kioskctl stored it, the journal is damaged there: make another plan for its cards with ${recover} <KIOSK>.`;
}
