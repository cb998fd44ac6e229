import { type Command, CommandHelp, Help, type Interfaces } from '@oclif/core';
import { EXIT_CODES } from '../domain/errors/exit-codes.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { redactWord } from '../domain/text/redaction.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { nearestOf } from '../domain/text/words.ts';
import { ENVIRONMENT_VARIABLES } from './settings/setting-table.ts';

const FIRST_STEPS = [
  'kioskctl order --wait                                 order a card, wait until it may be produced',
  'kioskctl produce CARD --kiosk WIS00001 --wait         send it to a kiosk, wait for the result',
  'kioskctl explain PRD_HOPPER_DOOR                      what an error code means',
  'kioskctl retry CARD --wait                            produce it again after the fix',
  'kioskctl status                                       where all known cards stand',
];

const TOPICS = new Map<string | undefined, readonly (readonly [string, string])[]>([
  ['exit-codes', EXIT_CODES.map(({ code, meaning }) => [String(code), meaning])],
  ['environment', ENVIRONMENT_VARIABLES],
]);

/** Help of a command, with its examples first. */
class ExamplesFirst extends CommandHelp {
  protected override sections() {
    const sections = super.sections();
    return [
      ...sections.filter(({ header }) => header === 'EXAMPLES'),
      ...sections.filter(({ header }) => header !== 'EXAMPLES'),
    ];
  }

  /** Returns the description without the summary, which is shown at the top. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description && this.wrap(description.replaceAll('\n', ' '));
  }

  /** Returns the label of a flag without the gap for a short flag: the first line of a list would lose it. */
  protected override flagHelpLabel(flag: Command.Flag.Any, showOptions = false): string {
    return super.flagHelpLabel(flag, showOptions).trimStart();
  }

  /** Fills in the id of the command: ejs, which would do it, is not in the bundle. */
  protected override usage(): string {
    return super.usage().replaceAll('<%= command.id %>', this.command.id.replaceAll(':', ' '));
  }

  protected override defaultUsage(): string {
    const [card] = Object.values(this.command.args);
    const name = card ? `${card.name.toUpperCase()}${card.multiple ? '...' : ''}` : '';
    return [this.command.id, card?.required || !name ? name : `[${name}]`, '[FLAGS]']
      .filter(Boolean)
      .join(' ');
  }
}

export class KioskctlHelp extends Help {
  protected override CommandHelpClass = ExamplesFirst;

  constructor(config: Interfaces.Config) {
    super(config, { flagSortOrder: 'none' });
  }

  /** Shows the help of a command or topic, or of everything. @throws Failure `unknown-command` */
  async show(id: string | null, words: readonly string[]): Promise<void> {
    const [word] = words;
    const topic = TOPICS.get(word);
    if (topic) return this.#showRows(topic);
    if (word === undefined) return this.showRootHelp();
    if (id === null) throw unknownCommand(this.config, words);
    const command = this.config.findCommand(id);
    return command
      ? this.showCommandHelp(command)
      : this.showTopicHelp(this.config.findTopic(id, { must: true }));
  }

  protected override async showRootHelp(): Promise<void> {
    this.log('Operate the cards of a card kiosk: order, produce, fix, retry.\n');
    this.log(this.section('EXAMPLES', FIRST_STEPS.join('\n')));
    this.log('');
    await super.showRootHelp();
    this.log(
      this.section('MORE', [
        ['kioskctl COMMAND --help', 'a command, examples first'],
        ['kioskctl help exit-codes', 'what each exit code means'],
        ['kioskctl help environment', 'the environment variables'],
      ]),
    );
  }

  /** Returns only the usage: the description is above it, and `--version` has the version. */
  override formatRoot(): string {
    return this.section('USAGE', '$ kioskctl COMMAND');
  }

  /** Returns the line of a command in a list. */
  protected override summary(command: Command.Loadable): string | undefined {
    return command.summary;
  }

  #showRows(rows: readonly (readonly [string, string])[]): void {
    this.log(
      this.renderList(
        rows.map(([left, right]) => [left, right]),
        { indentation: 0, spacer: '\n' },
      ),
    );
  }
}

/** Makes the failure for words that name no command, with the nearest commands. */
export function unknownCommand({ commandIDs }: { commandIDs: string[] }, words: readonly string[]): Failure {
  const [typed, next] = words.filter((word) => !word.startsWith('-'));
  if (typed === undefined) {
    return failure('unknown-command', 'The command comes first.', 'See kioskctl --help.');
  }
  const commands = commandIDs.map((id) => id.replaceAll(':', ' '));
  const below = commands.filter((command) => command.startsWith(`${typed} `));
  if (below.length > 0) return incomplete(typed, { next, below });
  const [first = ''] = nearestOf(typed, commands);
  return failure(
    'unknown-command',
    `There is no command “${printable(redactWord(typed))}”.`,
    first ? `Did you mean kioskctl ${first}? See kioskctl --help.` : 'See kioskctl --help.',
  );
}

/** Makes the failure for a group of commands without one of its commands. */
function incomplete(
  group: string,
  { next, below }: { next: string | undefined; below: readonly string[] },
): Failure {
  const whole = next === undefined ? group : `${group} ${redactWord(next)}`;
  const names = below.map((command) => command.slice(group.length + 1));
  const [first] = next === undefined ? [] : nearestOf(next, names);
  const message =
    next === undefined ? `“${group}” needs another word.` : `There is no command “${printable(whole)}”.`;
  const hint = first ? `Did you mean kioskctl ${group} ${first}?` : `Use one of ${names.join(', ')}.`;
  return failure('unknown-command', message, `${hint} See kioskctl ${group} --help.`);
}
