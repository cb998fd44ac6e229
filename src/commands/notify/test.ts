import { Args } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { textFlag } from '../../input/flags.ts';
import { findTarget, readNotifyFile, testTarget } from '../../notices/notify-targets.ts';
import type { Result } from '../../output/result.ts';

export default class NotifyTest extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Send a test notice to a target.';
  static override description =
    `Sends one notice to a target of a notify file, as serve does, and shows if the target accepted it. The notice names the
environment. Redirects are not followed and nothing is repeated. Exits with 7 if the target can't be reached, and with 10 if it
answers anything but 2xx. See docs/serve.md for the notify file.`;
  static override examples = [
    { description: 'Test a target.', command: 'kioskctl notify test on-call --notify-file notify.yaml' },
    {
      description: 'Test it in a script.',
      command: 'kioskctl notify test on-call --notify-file notify.yaml --json',
    },
  ];
  static override args = {
    name: Args.string({ ignoreStdin: true, required: true, description: 'Name of the target.' }),
  };
  static override flags = {
    'notify-file': textFlag({
      required: true,
      summary: 'File with the targets of notices.',
      helpValue: 'FILE',
    }),
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(NotifyTest);
    const ctx = await this.context(flags);
    const { files } = this;
    const { credentials } = this.opened;
    const hide = (secret: string) => credentials.hide(secret);
    const targets = await readNotifyFile(flags['notify-file'], { files, hide });
    return testTarget(ctx, findTarget(targets, args.name));
  }
}
