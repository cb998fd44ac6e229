import { BaseCommand } from '../cli/base-command.ts';
import { forget } from '../cli/credentials/login-store.ts';
import { renderLogout } from '../cli/credentials/login-views.ts';
import type { Result } from '../output/result.ts';

export default class Logout extends BaseCommand {
  static override effect = 'configures' as const;
  static override summary = 'Remove the stored credentials of a context.';
  static override description =
    `Removes them from the keyring and from the file. The tokens stay valid until they expire: only Wise can revoke them.`;
  static override examples = [
    { description: 'Log out of the default context.', command: 'kioskctl logout' },
    {
      description: 'Log out of another context.',
      command: 'kioskctl logout --context branch-sandbox --json',
    },
  ];

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Logout);
    const { report } = await this.context(flags);
    return renderLogout(await forget(this.opened.credentials.logins, (text) => report.warn(text)));
  }
}
