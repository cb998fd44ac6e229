import { Args } from '@oclif/core';
import { SandboxCommand, stateFlag } from '../../cli/sandbox-command.ts';
import { parseDuration } from '../../domain/times/duration.ts';
import type { Result } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';

const durationArg = Args.custom<number>({ parse: async (text) => parseDuration(text) });

export default class SandboxAdvance extends SandboxCommand {
  static override summary = 'Advance the clock of the sandbox.';
  static override examples = [
    { description: 'Let cards expire.', command: 'kioskctl sandbox advance 61d' },
    { description: 'Advance two hours.', command: 'kioskctl sandbox advance 2h --json' },
  ];
  static override args = {
    duration: durationArg({
      required: true,
      ignoreStdin: true,
      description: 'Duration: 90s, 5m, 2h or 61d.',
    }),
  };
  static override flags = stateFlag;

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(SandboxAdvance);
    return this.withSandbox(flags, (sandbox) => {
      const now = sandbox.advance(args.duration).toISOString();
      const text = () => `The embedded sandbox is now at ${localTime(now)}.\n`;
      return { exitCode: 0, document: { now }, text };
    });
  }
}
