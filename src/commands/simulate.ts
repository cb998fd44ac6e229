import { Flags } from '@oclif/core';
import { simulate, verifyProfile } from '../cards/simulate.ts';
import { CardCommand } from '../cli/card-command.ts';
import { failure } from '../domain/errors/failure.ts';
import { parseSimulation, toSimulation } from '../domain/production.ts';
import { actFlags, optionalCardArgs, profileFlag, quietFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class Simulate extends CardCommand {
  static override effect = 'sandbox-only' as const;
  static override summary = 'Set the production result of a card (sandbox only).';
  static override description =
    `In a sandbox, cards stay in progress until you set a result. Reads the card back to confirm. Refused in production.`;
  static override examples = [
    { description: 'Let a card be produced.', command: 'kioskctl simulate 1001/501 --status PRODUCED' },
    {
      description: 'Let a card fail.',
      command: 'kioskctl simulate 1001/501 --status PRODUCTION_ERROR --error-code PRD_HOPPER_DOOR',
    },
    { description: 'Verify a profile.', command: 'kioskctl simulate --profile-verified 1002' },
  ];
  static override args = optionalCardArgs;
  static override flags = {
    status: Flags.string({
      summary: 'Production result: PRODUCED or PRODUCTION_ERROR[:CODE].',
      helpValue: 'STATUS[:CODE]',
    }),
    'error-code': Flags.string({ summary: 'Error code, with PRODUCTION_ERROR.', helpValue: 'CODE' }),
    'profile-verified': profileFlag({
      summary: 'Complete the verification of this profile.',
      helpValue: 'PROFILE',
    }),
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(Simulate);
    const verified = flags['profile-verified'];
    const given = args.card ?? [];
    if (given.length > 0 && verified === undefined && flags.status === undefined) {
      throw failure(
        'usage',
        '--status is required.',
        'Use --status PRODUCED, or --status PRODUCTION_ERROR --error-code <CODE>.',
      );
    }
    if ((verified === undefined) === (given.length === 0) || (verified !== undefined && flags.status)) {
      throw failure(
        'usage',
        "Cards and --profile-verified can't be combined.",
        'Pass cards with --status, or a profile with --profile-verified.',
      );
    }
    if (verified !== undefined) return this.#verify(verified, flags);
    const { status = '', 'error-code': errorCode } = flags;
    const simulation = errorCode === undefined ? parseSimulation(status) : toSimulation(status, errorCode);
    const ctx = await this.context(flags);
    const { targets, shape } = await this.cards(ctx, given);
    return this.results(await simulate(ctx, { targets, simulation }), { shape });
  }

  async #verify(profileId: number, flags: Parameters<CardCommand['context']>[0]): Promise<Result> {
    const ctx = await this.context(flags);
    await verifyProfile(ctx, profileId);
    return {
      exitCode: 0,
      document: { profileId, verified: true },
      text: () => `Profile ${profileId} has passed its verification.\n`,
    };
  }
}
