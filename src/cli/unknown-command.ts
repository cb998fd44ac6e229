import { Failure } from '../domain/errors/failure.ts';
import { nearestOf } from '../domain/text/nearest.ts';
import { printable } from '../domain/text/terminal-text.ts';

/** The failure for words that name no command, with the ones that they may have been meant to be. */
export function unknownCommand({ commandIDs }: { commandIDs: string[] }, words: readonly string[]): Failure {
  const [typed, next] = words.filter((word) => !word.startsWith('-'));
  if (typed === undefined) {
    return new Failure('unknown-command', 'The command comes first.', { hint: 'See kioskctl --help.' });
  }
  const commands = commandIDs.map((id) => id.replaceAll(':', ' '));
  const below = commands.filter((command) => command.startsWith(`${typed} `));
  if (below.length > 0) return incomplete(typed, { next, below });
  const [first = ''] = nearestOf(typed, commands);
  return new Failure('unknown-command', `There is no command “${printable(typed)}”.`, {
    hint: first ? `Did you mean kioskctl ${first}? See kioskctl --help.` : 'See kioskctl --help.',
  });
}

/** A word that only groups commands, alone or with one that is none of them. */
function incomplete(
  group: string,
  { next, below }: { next: string | undefined; below: readonly string[] },
): Failure {
  const whole = next === undefined ? group : `${group} ${next}`;
  const names = below.map((command) => command.slice(group.length + 1));
  const [first] = next === undefined ? [] : nearestOf(next, names);
  const message =
    next === undefined ? `“${group}” needs another word.` : `There is no command “${printable(whole)}”.`;
  const hint = first ? `Did you mean kioskctl ${group} ${first}?` : `Use one of ${names.join(', ')}.`;
  return new Failure('unknown-command', message, { hint: `${hint} See kioskctl ${group} --help.` });
}
