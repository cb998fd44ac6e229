import { BaseCommand } from '../cli/base-command.ts';
import { identify } from '../cli/credentials/credentials.ts';
import { renderIdentities } from '../cli/credentials/login-views.ts';
import type { Result } from '../output/result.ts';

export default class Whoami extends BaseCommand {
  static override effect = 'reads' as const;
  static override summary = 'Show the context, the profile and the source of each token.';
  static override description =
    `Fetches tokens where needed, and never shows them. Exits with 3 if there is none for the profile.`;
  static override examples = [
    { description: 'Show the default context.', command: 'kioskctl whoami' },
    { description: 'Show another context.', command: 'kioskctl whoami --context branch-sandbox --json' },
  ];

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Whoami);
    const context = await this.context(flags);
    const { settings, credentials } = this.opened;
    return renderIdentities(context, await identify(settings, credentials));
  }
}
