import { Args, Flags } from '@oclif/core';
import { SandboxCommand, stateFlag } from '../../cli/sandbox-command.ts';
import { parseId } from '../../domain/ids.ts';
import type { Result } from '../../output/result.ts';

export default class SandboxRequirement extends SandboxCommand {
  static override summary = 'Set a requirement of a profile in the sandbox.';
  static override description =
    `Orders that wait for the requirement continue. Wise presets a PIN with an encrypted call to another host, which the
sandbox does not have; this command replaces that call.`;
  static override examples = [
    { description: 'Meet a requirement.', command: 'kioskctl sandbox requirement 1003 PIN' },
    {
      description: 'Reset a requirement.',
      command: 'kioskctl sandbox requirement 1003 PIN --status NOT_INITIATED',
    },
    {
      description: 'Let a requirement fail.',
      command: 'kioskctl sandbox requirement 1001 ADDRESS --status FAILED --json',
    },
  ];
  static override args = {
    profile: Args.string({ required: true, ignoreStdin: true, description: 'Profile id, like 1003.' }),
    type: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'Type of the requirement.',
      options: ['PIN', 'VERIFICATION', 'ADDRESS'],
    }),
  };
  static override flags = {
    status: Flags.string({
      summary: 'Status of the requirement (default COMPLETED).',
      options: ['NOT_INITIATED', 'NEEDS_ACTION', 'PENDING', 'COMPLETED', 'FAILED'],
    }),
    ...stateFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(SandboxRequirement);
    const profileId = parseId(args.profile, 'profile id');
    const requirement = { type: args.type, status: flags.status ?? 'COMPLETED' };
    return this.withSandbox(flags, (sandbox) => {
      sandbox.setRequirement(profileId, requirement);
      return {
        exitCode: 0,
        document: { profileId, ...requirement },
        text: () => `Requirement ${requirement.type} of profile ${profileId} is ${requirement.status}.\n`,
      };
    });
  }
}
