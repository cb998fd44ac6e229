import type { Context } from '../context/context.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { redact } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Settings } from './settings/settings.ts';
import type { ContextFlags } from './settings/sources.ts';
import type { Io } from './terminal/io.ts';
import { makeAsk } from './terminal/prompts.ts';

/** Side effects of a command: none, on the journal, on kioskctl's own settings, at Wise, or at a sandbox only. */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'sandbox-only';

/**
 * Guards production before anything is sent: sandbox-only actions are refused; others need a reason, and a confirmation at
 * the terminal or with `--confirm CONTEXT` (never `--yes`).
 * @throws Failure `sandbox-only`, `not-confirmed`, `input-required` without a reason
 */
export async function guardProduction(
  context: Context,
  { effect, flags, io }: { effect: Effect; flags: ContextFlags; io: Io },
): Promise<void> {
  const isAction = effect === 'writes' || effect === 'sandbox-only';
  if (context.environment !== 'production' || !isAction) return;
  if (effect === 'sandbox-only') {
    throw failure(
      'sandbox-only',
      'This works in a sandbox only; nothing was sent to production.',
      'Use a context of a sandbox, or local.',
    );
  }
  const ask = makeAsk({ io, signal: context.signal, yes: false, noInput: flags['no-input'] ?? false });
  if (!(await isConfirmed(context, { flags, ask, io }))) throw notConfirmed(context.name);
  const why =
    flags.reason?.trim() || (await ask.type('Reason for this action?', { flag: '--reason' })).trim();
  context.reason ??= redact(why);
  if (context.reason === '') {
    throw failure('input-required', 'An action in production needs a reason.', 'Set it with --reason.');
  }
}

async function isConfirmed(
  { name }: Context,
  { flags, ask, io }: { flags: ContextFlags; ask: Context['ask']; io: Io },
): Promise<boolean> {
  if (flags.confirm !== undefined) return flags.confirm === name;
  if (!io.isInteractive || flags['no-input']) return false;
  return ask.confirm(`Run this in PRODUCTION, with context ${name}?`, { flag: `--confirm ${name}` });
}

function notConfirmed(name: string): Failure {
  return failure(
    'not-confirmed',
    `An action in production must be confirmed for context ${printable(name)}.`,
    `Confirm it with --confirm ${printable(name)}.`,
  );
}

/** Names the context of a command, and the project file if it chose the context. */
export function nameContext({ contextName, environment, chosenBy }: Settings): string {
  const named = `Context ${printable(contextName)}, environment ${environment}`;
  return chosenBy.source === 'project-file' ? `${named}, chosen by ${printable(chosenBy.from ?? '')}` : named;
}
