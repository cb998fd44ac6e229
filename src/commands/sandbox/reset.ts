import { SandboxCommand, seedFlag, stateFlag } from '../../cli/sandbox-command.ts';
import type { Result } from '../../output/result.ts';

export default class SandboxReset extends SandboxCommand {
  static override summary = 'Reset the sandbox to its initial state.';
  static override description =
    `Removes its orders, cards and faults, resets its clock, and removes the cards of local from the journal.`;
  static override examples = [
    { description: 'Reset it.', command: 'kioskctl sandbox reset' },
    { description: 'Reset it with reproducible ids.', command: 'kioskctl sandbox reset --seed 42' },
  ];
  static override flags = { ...stateFlag, ...seedFlag };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(SandboxReset);
    return this.withSandbox(flags, async (sandbox, { journal }) => {
      sandbox.reset({ seed: flags.seed });
      if (flags.state === undefined) await journal.forget();
      return {
        exitCode: 0,
        document: { reset: true },
        text: () => 'The embedded sandbox is reset. The journal no longer has cards of local.\n',
      };
    });
  }
}
