import type { Ask } from '../../context/context.ts';
import { asFailure, failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { type Names, withLocalTimes } from '../../output/style.ts';
import type { Io } from './io.ts';

export interface AskOptions {
  io: Io;
  /** The short names of cards in questions. */
  names?: Names;
  signal: AbortSignal;
  /** `--yes`: confirm without a prompt. */
  yes: boolean;
  /** `--no-input`: never prompt. */
  noInput: boolean;
}

/** Makes the prompts, on standard error. In a non-interactive session they fail, and name the flag that answers. */
export function makeAsk({ io, names, signal, yes, noInput }: AskOptions): Ask {
  const shown = async (text: string) => {
    await names?.learn(text);
    return withLocalTimes(names?.shorten(printable(text)) ?? printable(text));
  };
  const requirePerson = (question: string, flag: string) => {
    if (io.isInteractive && !noInput) return;
    throw failure(
      'input-required',
      `An answer is required in a non-interactive session: ${question}`,
      `Set it with ${flag}.`,
    );
  };
  const context = { output: io.stderr, signal };
  return {
    confirm: async (question, { flag, isAnsweredByYes = true }) => {
      if (yes && isAnsweredByYes) return true;
      requirePerson(question, flag);
      const { confirm } = await import('./inquirer.ts');
      return answered(confirm({ message: await shown(question), default: false }, context), signal);
    },
    choose: async (question, { flag, choices }) => {
      requirePerson(`${question} (${choices.map(printable).join(', ')})`, flag);
      const { select } = await import('./inquirer.ts');
      const options = await Promise.all(choices.map(async (value) => ({ value, name: await shown(value) })));
      return answered(select({ message: await shown(question), choices: options }, context), signal);
    },
    type: async (question, { flag, check = () => undefined }) => {
      requirePerson(question, flag);
      const { input } = await import('./inquirer.ts');
      const validate = (text: string) => complaintOf(() => check(text)) ?? true;
      return answered(input({ message: await shown(question), validate }, context), signal);
    },
  };
}

function complaintOf(check: () => unknown): string | null {
  try {
    check();
    return null;
  } catch (error) {
    const { message, hint } = asFailure(error);
    return printable(`${message} ${hint}`);
  }
}

/** Turns Ctrl-C at a prompt into the interruption that it is elsewhere. */
async function answered<Answer>(prompt: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await prompt;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && (error.name === 'ExitPromptError' || error.name === 'AbortPromptError')) {
      throw failure('interrupted', 'Interrupted.', 'Nothing was sent: run the command again.');
    }
    throw error;
  }
}

/** Asks the user for a secret without showing it. */
export async function askSecret(
  question: string,
  { io, signal }: Pick<AskOptions, 'io' | 'signal'>,
): Promise<string> {
  const { password } = await import('./inquirer.ts');
  return answered(password({ message: question, mask: false }, { output: io.stderr, signal }), signal);
}
