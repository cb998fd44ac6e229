import { Failure } from '../../domain/errors/failure.ts';
import type { Io } from '../terminal/io.ts';
import { askSecret } from '../terminal/prompts.ts';
import { type GivenSecret, required } from './given-secret.ts';

export interface SecretReading {
  io: Io;
  signal: AbortSignal;
  /** `--no-input`: nobody is to be asked. */
  noInput: boolean;
  contextName: string;
}

/**
 * Reads a secret from a person, without showing it, or from standard input.
 * @throws Failure `input-required`, `credentials-missing`, `credentials-unusable`
 */
export async function readSecret(
  secret: GivenSecret,
  { io, signal, noInput, contextName }: SecretReading,
): Promise<string> {
  const isAsked = io.isInteractive && !noInput;
  // A terminal without a question would show what is typed.
  if (!isAsked && io.isStdinTerminal) {
    throw new Failure('input-required', `Nobody can be asked here for the ${secret.what}.`, {
      hint: 'Pipe it in on standard input.',
    });
  }
  const text = isAsked ? await askSecret(`The ${secret.what}:`, { io, signal }) : await io.readStdin(signal);
  const variable = isAsked ? 'The answer' : 'Standard input';
  return required(text.replace(/\r?\n$/, ''), { ...secret, variable, contextName });
}
