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

/** A command that changes the contexts of the settings file, and nothing else. */
export abstract class ContextCommand extends BaseCommand {
  static override effect = 'configures' as const;

  protected readonly report = new TerminalReport(this.io);

  /**
   * Changes the settings file.
   * @param mend the same change to a file with bad fields, some of which it removes
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

  /** Reads the settings before a change. @throws Failure `settings-unusable` */
  protected present(): SettingsFile {
    return readSettingsFile(findPaths().settings);
  }

  /** Returns the context that a command without a name changes. @throws Failure where none is chosen */
  protected async chosen(flags: ContextFlags): Promise<string> {
    try {
      return (await loadChoice(flags)).name;
    } catch (error) {
      // This command may remove the bad field.
      if (error instanceof UnusableSettings && error.bad && flags.context !== undefined) return flags.context;
      throw error;
    }
  }

  /**
   * Makes the result of a change, with the context that commands use from now on.
   * @param edit the context that was changed, and the message for users
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

/** Returns the context that commands use; null if none can be chosen, which doesn't make the change fail. */
async function chosenNow() {
  try {
    return await loadChoice({});
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}
