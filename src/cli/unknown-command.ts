import { Failure } from '../domain/failure.ts';
import { nearestOf } from '../domain/nearest.ts';
import { printable } from '../domain/terminal-text.ts';

/** The failure for words that name no command, with the ones that they may have been meant to be. */
export function unknownCommand({ commandIDs }: { commandIDs: string[] }, words: readonly string[]): Failure {
  const typed = words.find((word) => !word.startsWith('-'));
  if (typed === undefined) {
    return new Failure('unknown-command', 'The command comes first.', { hint: 'See kioskctl --help.' });
  }
  const [first = ''] = nearestOf(
    typed,
    commandIDs.map((id) => id.replaceAll(':', ' ')),
  );
  return new Failure('unknown-command', `There is no command “${printable(typed)}”.`, {
    hint: first ? `Did you mean kioskctl ${first}? See kioskctl --help.` : 'See kioskctl --help.',
  });
}
