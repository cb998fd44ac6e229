import { Failure } from '../domain/errors/failure.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { Result } from '../output/result.ts';
import { BaseCommand } from './base-command.ts';
import { environmentOf } from './settings/choose-context.ts';
import { findPaths } from './settings/paths.ts';
import { loadChoice } from './settings/settings.ts';
import {
  ownValues,
  type RawSettings,
  readSettingsFile,
  type SettingsFile,
  UnusableSettings,
} from './settings/settings-file.ts';
import type { ContextFlags } from './settings/sources.ts';
import {
  changeSettings,
  mendSettings,
  type SettingsChange,
  type Written,
} from './settings/write-settings.ts';
import { TerminalReport } from './terminal/progress-display.ts';

/** Base class of the commands that change the contexts of the settings file. */
export abstract class ContextCommand extends BaseCommand {
  static override effect = 'configures' as const;

  protected readonly report = new TerminalReport(this.io);

  /**
   * Changes the settings file.
   * @param mend makes the change in a file with invalid fields, and removes at least one of these fields; without it,
   * such a file is an error
   * @throws Failure `usage`, `settings-unusable`
   */
  protected async change(
    change: SettingsChange,
    mend: (raw: RawSettings) => RawSettings = (raw) => raw,
  ): Promise<Written> {
    const { settings } = findPaths();
    return changeSettings(settings, change).catch((error: unknown) => {
      if (error instanceof UnusableSettings && error.bad) return mendSettings(settings, mend);
      throw error;
    });
  }

  /** Reads the settings file. @throws Failure `settings-unusable` */
  protected present(): SettingsFile {
    return readSettingsFile(findPaths().settings);
  }

  /** Returns the selected context, for a command without a context argument. @throws Failure if none is selected */
  protected async chosen(flags: ContextFlags): Promise<string> {
    try {
      return (await loadChoice(flags)).name;
    } catch (error) {
      // This command may be about to remove the invalid field.
      if (error instanceof UnusableSettings && error.bad && flags.context !== undefined) return flags.context;
      throw error;
    }
  }

  /**
   * Creates the result of a change. It names the context that is selected now.
   * @param edit the changed context, and the message for users
   */
  protected async edited(
    { before, after, changed }: Written,
    { name, done }: { name: string; done: string },
  ): Promise<Result> {
    const environment = environmentOf(name, after) ?? environmentOf(name, before);
    if (environment) this.named(name, environment);
    const now = await chosenNow();
    const isElsewhere = now?.origin.source === 'variable' || now?.origin.source === 'project-file';
    const by = isElsewhere ? `, as ${now.origin.from} says` : '';
    return {
      exitCode: 0,
      document: {
        name,
        settings: ownValues(after, name),
        changed,
        current: now && { name: now.name, environment: now.environment, ...now.origin },
      },
      text: (style) =>
        [
          changed ? `${style.good('✓')} ${printable(done)}` : 'Nothing to change.',
          now ? printable(`Commands use context ${now.name} (${now.environment})${by}.`) : '',
        ]
          .filter(Boolean)
          .join('\n')
          .concat('\n'),
    };
  }
}

/**
 * Returns the context that is selected now; null if none can be selected. That is no error, because the change itself
 * succeeded.
 */
async function chosenNow() {
  try {
    return await loadChoice({});
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
