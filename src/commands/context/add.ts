import { Args, Flags } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { askForAccess, askForProgram, askForValues, checkProgram } from '../../cli/context-questions.ts';
import {
  addContext,
  checkNewName,
  chooseEnvironment,
  setValue,
  withoutNew,
} from '../../cli/settings/edit-contexts.ts';
import { contextFlags, parseFlags } from '../../cli/settings/parse-settings.ts';
import type { SettingsFile } from '../../cli/settings/settings-file.ts';
import { readSharedContext, SHARED_LIMIT_BYTES } from '../../cli/settings/shared-context.ts';
import type { ContextFlags } from '../../cli/settings/sources.ts';
import { makeAsk } from '../../cli/terminal/prompts.ts';
import { interruption } from '../../cli/terminal/signals.ts';
import { failure } from '../../domain/errors/failure.ts';
import { toShell } from '../../domain/next-command.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import type { Result } from '../../output/result.ts';

interface SharedFlags extends Readonly<Record<string, unknown>> {
  from?: string | undefined;
  environment?: string | undefined;
}

export default class ContextAdd extends ContextCommand {
  static override summary = 'Add a context.';
  static override description =
    `On a terminal, kioskctl prompts for settings that no flag sets: environment, profile, kiosks, base URL, the source of
tokens and, once there are credentials, the card program.`;
  static override examples = [
    { description: 'Answer prompts for its settings.', command: 'kioskctl context add bank' },
    {
      description: 'Set everything with flags.',
      command:
        'kioskctl context add bank --environment sandbox --profile-id 123456 --kiosks WIS00001,WIS00002',
    },
    {
      description: 'Use the settings of another machine.',
      command: 'kioskctl context add bank --from bank.json',
    },
    {
      description: 'Connect to a gateway in front of Wise, and use the context by default.',
      command:
        'kioskctl context add lab --environment sandbox --base-url https://gateway.bank.example/wise --use',
    },
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Name of the context.' }),
  };
  static override flags = {
    from: Flags.string({
      summary: 'Read the settings from a file of context export. Flags override them.',
      helpValue: 'FILE',
    }),
    ...contextFlags,
    use: Flags.boolean({ summary: 'Make it the default context.' }),
    'no-input': Flags.boolean({ summary: 'Never prompt, even on a terminal.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(ContextAdd);
    const { name } = args;
    checkNewName(this.present(), name);
    const shared = this.#shared(flags);
    const given = shared?.values ?? parseFlags(flags);
    const ask = makeAsk({ io: this.io, signal: interruption(), yes: false, noInput: flags['no-input'] });
    const environment = await chooseEnvironment(ask, {
      name,
      given: flags.environment ?? shared?.environment,
    });
    const asks = !shared && this.io.isInteractive && !flags['no-input'] && environment !== 'local';
    const { values, logsIn } = asks
      ? await askForAccess(ask, await askForValues(ask, given))
      : { values: given, logsIn: false };
    const context = { ...values, environment, isCurrent: flags.use };
    let written = await this.change((file) => addContext(file, name, context));
    if (typeof values.program === 'string')
      await this.#check(values.program, { name, flags, before: written.before });
    else if (asks) {
      const value = await askForProgram(await this.context({ context: name }, 'reads'));
      if (value !== null)
        written = await this.change((file) => setValue(file, name, { key: 'program', value }));
    }
    if (logsIn) this.report.note(`Then log in: kioskctl login --context ${name}`);
    const use = `Use it with --context ${name}, or make it the default: kioskctl context use ${name}`;
    const done = [`Context ${name} is added.`, ...(flags.use ? [] : [use])].join(' ');
    return this.edited(written, { name, done });
  }

  /** Reads the file of `--from` and applies the flags; null without `--from`. @throws Failure for an invalid file */
  #shared({ from, environment, ...flags }: SharedFlags) {
    if (from === undefined) return null;
    const text = this.files.readText(from, { limit: SHARED_LIMIT_BYTES, what: 'context file' });
    const shared = readSharedContext(text, { file: from, given: parseFlags(flags) });
    if (environment !== undefined && environment !== shared.environment) {
      throw failure(
        'usage',
        `The context of ${printable(from)} is of environment ${shared.environment}, not ${printable(environment)}.`,
        'Leave out --environment, or add a context without --from.',
      );
    }
    const { credentialCommand } = shared.values;
    if (credentialCommand)
      this.report.note(
        `Tokens come from this program, which kioskctl runs: ${printable(toShell(credentialCommand))}`,
      );
    return shared;
  }

  /** Removes the new context if its profile does not have the card program. */
  async #check(
    program: string,
    { name, flags, before }: { name: string; flags: ContextFlags; before: SettingsFile },
  ): Promise<void> {
    try {
      await checkProgram(await this.context({ ...flags, context: name }, 'reads'), program);
    } catch (error) {
      await this.change((file) => withoutNew(file, name, before));
      throw error;
    }
  }
}
