import { Failure } from '../domain/failure.ts';
import { nearestOf } from '../domain/nearest.ts';
import { printable } from '../domain/terminal-text.ts';

/** The failure for words that name no command, with the ones that they may have been meant to be. */
export function unknownCommand({ commandIDs }: { commandIDs: string[] }, words: readonly string[]): Failure {
  const typed = words.find((word) => !word.startsWith('-'));
  if (typed === undefined) {
    return new Failure('unknown-command', 'The command comes first.', { hint: 'See kioskctl --help.' });
  }
  const commands = commandIDs.map((id) => id.replaceAll(':', ' '));
  const below = commands.filter((command) => command.startsWith(`${typed} `));
  if (below.length > 0 && !commands.includes(typed)) return unknownBelow(typed, { words, below });
  const [first = ''] = nearestOf(typed, commands);
  return new Failure('unknown-command', `There is no command “${printable(typed)}”.`, {
    hint: first ? `Did you mean kioskctl ${first}? See kioskctl --help.` : 'See kioskctl --help.',
  });
}

/** For a word that stands above several commands, and none of them after it. */
function unknownBelow(
  topic: string,
  { words, below }: { words: readonly string[]; below: readonly string[] },
): Failure {
  const names = below.map((command) => command.slice(topic.length + 1));
  const typed = words.slice(words.indexOf(topic) + 1).find((word) => !word.startsWith('-'));
  const [first] = typed === undefined ? [] : nearestOf(typed, names);
  const message =
    typed === undefined
      ? `kioskctl ${topic} needs one of these after it: ${names.join(', ')}.`
      : `There is no command “${printable(`${topic} ${typed}`)}”.`;
  return new Failure('unknown-command', message, {
    hint: `${first ? `Did you mean kioskctl ${topic} ${first}? ` : ''}See kioskctl ${topic} --help.`,
  });
}
