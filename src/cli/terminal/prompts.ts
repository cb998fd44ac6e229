import type { Ask } from '../../context/context.ts';
import { asFailure, type Failure, failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { type Names, withLocalTimes } from '../../output/style.ts';
import type { Io } from './io.ts';

export interface AskOptions {
  io: Io;
  /** Short names of the cards in prompts. */
  names?: Names;
  signal: AbortSignal;
  /** True for `--yes`: confirms without a prompt. */
  yes: boolean;
  /** True for `--no-input`: never prompts. */
  noInput: boolean;
}

/** Width of `? ` and ` (y/N) ` around a question, with an answer. */
const ROOM = 12;

/** Creates the prompts, on standard error. In a non-interactive session they fail, and name the missing flag. */
export function makeAsk({ io, names, signal, yes, noInput }: AskOptions): Ask {
  const shown = async (text: string) => {
    await names?.learn(text);
    return withLocalTimes(names?.shorten(printable(text)) ?? printable(text));
  };
  /** Breaks a question at words, with room for the mark before it and the answers behind it. */
  const asked = async (text: string) => io.breakLines(await shown(text), 'stderr', ROOM);
  const canPrompt = io.isInteractive && !noInput;
  const requirePerson = (flag: string, about: string) => {
    if (!canPrompt) throw inputRequired([flag], about);
  };
  const context = { output: io.stderr, signal };
  return {
    requireAnswers: (flags) => {
      const open = flags.filter((flag) => !(yes && flag === '--yes'));
      if (!canPrompt && open.length > 0) throw inputRequired(open);
    },
    confirm: async (question, { flag, isAnsweredByYes = true }) => {
      if (yes && isAnsweredByYes) return true;
      requirePerson(flag, `: ${question}`);
      const { confirm } = await promptsFor(io);
      return answered(confirm({ message: await asked(question), default: false }, context), signal);
    },
    choose: async (question, { flag, choices, likely }) => {
      requirePerson(flag, ` (${choices.map(printable).join(', ')}).`);
      const { select } = await promptsFor(io);
      const options = await Promise.all(choices.map(async (value) => ({ value, name: await shown(value) })));
      const message = await asked(question);
      return answered(
        select({ message, choices: options, ...(likely && { default: likely }) }, context),
        signal,
      );
    },
    type: async (question, { flag, check = () => undefined }) => {
      requirePerson(flag, `: ${question}`);
      const { input } = await promptsFor(io);
      const validate = (text: string) => complaintOf(() => check(text)) ?? true;
      return answered(input({ message: await asked(question), validate }, context), signal);
    },
  };
}

/** Loads the prompts: plain ones for a terminal without cursor movement, otherwise inquirer's. */
async function promptsFor({ isDumb }: Io) {
  return isDumb ? import('./plain-prompts.ts') : import('./inquirer.ts');
}

/** Creates the failure for a prompt in a non-interactive session. @param flags the flags to set, as users type them */
export function inputRequired(flags: readonly string[], about = '.'): Failure {
  const words = flags.map((flag) => flag.split(' ')[0]);
  const names =
    words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)} are` : `${words[0]} is`;
  return failure(
    'input-required',
    `${names} required in a non-interactive session${about}`,
    `Run the same command with ${flags.join(' ')}.`,
  );
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

const ENDED = new Set(['ExitPromptError', 'AbortPromptError', 'AbortError']);

/** Converts Ctrl-C at a prompt to the signal's failure. */
async function answered<Answer>(prompt: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await prompt;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && ENDED.has(error.name))
      throw failure('interrupted', 'Interrupted.', 'Run the same command again.');
    throw error;
  }
}

/** Prompts for a secret without echo. */
export async function askSecret(
  question: string,
  { io, signal }: Pick<AskOptions, 'io' | 'signal'>,
): Promise<string> {
  const { password } = await promptsFor(io);
  // By default, inquirer lets a key reveal the text.
  const hidden = { message: question, mask: false, toggleMask: false };
  return answered(password(hidden, { output: io.stderr, signal }), signal);
}
