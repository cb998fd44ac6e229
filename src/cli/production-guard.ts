import type { Context } from '../context/context.ts';
import { askReason } from '../context/record-action.ts';
import { failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Style } from '../output/style.ts';
import type { Settings } from './settings/settings.ts';
import type { ContextFlags } from './settings/sources.ts';
import type { Io } from './terminal/io.ts';
import { inputRequired, makeAsk } from './terminal/prompts.ts';

/**
 * The side effect of a command. `records`: on the journal. `configures`: on kioskctl's own settings. `writes`: at Wise.
 * `executes`: at Wise, but only what users approved with another command. `sandbox-only`: at a sandbox.
 */
export type Effect = 'reads' | 'records' | 'configures' | 'writes' | 'executes' | 'sandbox-only';

interface Guarded {
  effect: Effect;
  flags: ContextFlags;
  io: Io;
  /** Additional flags that a non-interactive session requires. */
  answers?: readonly string[];
}

/** True if a command with this effect changes something beyond this machine. */
export function isAction(effect: Effect): boolean {
  return effect === 'writes' || effect === 'sandbox-only';
}

/**
 * Guards production before anything is sent. Rejects sandbox-only commands. Other actions need a reason, and a
 * confirmation: at the prompt or with `--confirm CONTEXT`, never with `--yes`. In a non-interactive session, one
 * failure names all missing flags.
 * @throws Failure `sandbox-only`, `not-confirmed`, `input-required`
 */
export async function guardProduction(
  context: Context,
  { effect, flags, io, answers = [] }: Guarded,
): Promise<void> {
  if (context.environment !== 'production' || !isAction(effect)) return;
  if (effect === 'sandbox-only') {
    throw failure(
      'sandbox-only',
      'This works in a sandbox only; nothing was sent to production.',
      'Use a context of a sandbox, or local.',
    );
  }
  const { confirm } = flags;
  const canPrompt = io.isInteractive && !flags['no-input'];
  const isConfirmed = confirm === context.name;
  const missing = [
    ...(isConfirmed ? [] : [`--confirm ${printable(context.name)}`]),
    ...(context.reason === null ? ['--reason <TEXT>'] : []),
    ...answers,
  ];
  if (!isConfirmed && (!canPrompt || confirm !== undefined)) throw notConfirmed(context, missing);
  if (context.reason === null && !canPrompt) throw inputRequired(missing);
  const ask = makeAsk({ io, signal: context.signal, yes: false, noInput: !canPrompt });
  const refusal = 'An action in production needs a reason.';
  context.reason ??= await askReason(ask, 'Reason for this action?', refusal);
  if (isConfirmed) return;
  const question = `Run this in PRODUCTION, with context ${context.name}?`;
  if (await ask.confirm(question, { flag: '--confirm' })) return;
  throw failure(
    'not-confirmed',
    'Not confirmed. Nothing was sent.',
    `Run the same command again, or confirm it with ${missing.join(' ')}.`,
  );
}

function notConfirmed({ name }: Context, missing: readonly string[]) {
  return failure(
    'not-confirmed',
    `An action in production must be confirmed for context ${printable(name)}.`,
    `Run the same command with ${missing.join(' ')}.`,
  );
}

/** Formats the context of a command, and the project file if it selected the context. Highlights production. */
export function nameContext({ contextName, environment, chosenBy }: Settings, style: Style): string {
  const chosen = chosenBy.source === 'project-file' ? `, chosen by ${printable(chosenBy.from ?? '')}` : '';
  const named = `Context ${printable(contextName)}, environment ${environment}${chosen}`;
  return environment === 'production' ? style.warning(style.bold(`PRODUCTION: ${named}`)) : named;
}
