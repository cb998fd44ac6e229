import { type Command, CommandHelp, Help, type Interfaces } from '@oclif/core';
import { EXIT_CODES } from '../domain/errors/exit-codes.ts';

import { ENVIRONMENT_VARIABLES } from './settings/settings.ts';
import { unknownCommand } from './unknown-command.ts';

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

/** A command's help, its examples before everything else. */
class ExamplesFirst extends CommandHelp {
  protected override sections() {
    const sections = super.sections();
    return [
      ...sections.filter(({ header }) => header === 'EXAMPLES'),
      ...sections.filter(({ header }) => header !== 'EXAMPLES'),
    ];
  }

  /** The summary stands at the top already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description && this.wrap(description.replaceAll('\n', ' '));
  }

  /** Without the gap that stands for a short flag: the first line of a list would lose it. */
  protected override flagHelpLabel(flag: Command.Flag.Any, showOptions = false): string {
    return super.flagHelpLabel(flag, showOptions).trimStart();
  }

  /** The bundle has no ejs, which would fill this in. */
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

  /** Only the usage: what kioskctl is, and its version, stand above and in `--version`. */
  override formatRoot(): string {
    return this.section('USAGE', '$ kioskctl COMMAND');
  }

  /** One line a command; the full help is with the command. */
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
