import { Args } from '@oclif/core';
import { ContextCommand } from '../../cli/context-edit-command.ts';
import { forget, Logins } from '../../cli/credentials/login-store.ts';
import { environmentOf } from '../../cli/settings/choose-context.ts';
import { removeContext, withoutContext } from '../../cli/settings/edit-contexts.ts';
import { findPaths } from '../../cli/settings/paths.ts';
import type { SettingsFile } from '../../cli/settings/settings-file.ts';
import { interruption } from '../../cli/terminal/signals.ts';
import { asFailure } from '../../domain/errors/failure.ts';
import type { Result } from '../../output/result.ts';

export default class ContextRemove extends ContextCommand {
  static override summary = 'Remove a context.';
  static override description = `Also removes the stored login of the context.`;
  static override examples = [
    { description: 'Remove the context ci.', command: 'kioskctl context remove ci' },
    { description: 'Remove it in a script.', command: 'kioskctl context remove ci --json' },
  ];
  static override args = {
    name: Args.string({ required: true, ignoreStdin: true, description: 'Name of the context.' }),
  };

  protected override async perform(): Promise<Result> {
    const { args } = await this.parse(ContextRemove);
    const { name } = args;
    const written = await this.change(
      (file) => removeContext(file, name),
      (raw) => withoutContext(raw, name),
    );
    const places = await this.forgetLogin(name, written.before);
    const login = places.length > 0 ? `, and its login in ${places.join(' and ')}` : '';
    const edited = await this.edited(written, {
      name,
      done: `The settings of context ${name} are removed${login}.`,
    });
    return { ...edited, document: { ...edited.document, loginRemovedFrom: places } };
  }

  /** Removes the login, so that a new context with the same name does not inherit it. Only warns if that fails. */
  private async forgetLogin(contextName: string, before: SettingsFile): Promise<string[]> {
    const environment = environmentOf(contextName, before);
    if (environment === undefined || environment === 'local') return [];
    const warn = (text: string) => this.report.warn(text);
    try {
      const owner = { paths: findPaths(), environment, contextName, baseUrl: null };
      const logins = new Logins(owner, { stopwatch: this.io.stopwatch, signal: interruption() });
      return (await forget(logins, warn)).removed.map(({ name }) => name);
    } catch (error) {
      warn(`The login of context ${contextName} can't be removed: ${asFailure(error).message}`);
      return [];
    }
  }
}
