import { SandboxCommand } from '../../cli/sandbox-command.ts';
import { faultFlags, toFault } from '../../cli/sandbox-faults.ts';
import type { Result } from '../../output/result.ts';

export default class SandboxFault extends SandboxCommand {
  static override summary = 'Make the sandbox fail.';
  static override description =
    `Sets an answer for requests of a method and path, a refused produce request, or a kiosk that fails.
Without flags, lists the faults that are set.`;
  static override examples = [
    {
      description: 'Lose the answer to the next produce request.',
      command: 'kioskctl sandbox fault --method PUT --path /production --reset after',
    },
    {
      description: 'Limit the next three requests to orders.',
      command: 'kioskctl sandbox fault --path /card-orders --status 429 --retry-after 2 --times 3',
    },
    {
      description: 'Refuse the next produce request.',
      command: 'kioskctl sandbox fault --refuse KIOSK_ID_NOT_FOUND',
    },
    {
      description: 'Let the next twelve cards fail at a kiosk.',
      command:
        'kioskctl sandbox fault --kiosk WIS00001 --outcome PRODUCTION_ERROR:PRD_HOPPER_DOOR --times 12',
    },
    {
      description: 'Ask for approval of the next produce request.',
      command: 'kioskctl sandbox fault --method PUT --path /production --approval',
    },
    { description: 'Remove all faults.', command: 'kioskctl sandbox fault --clear' },
  ];
  static override flags = faultFlags;

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(SandboxFault);
    const fault = toFault(flags);
    return this.withSandbox(flags, (sandbox) => {
      if (flags.clear) sandbox.clearFaults();
      if (fault) sandbox.addFault(fault);
      const faults = sandbox.listFaults();
      return {
        exitCode: 0,
        document: { faults },
        text: () => faults.map((one) => `${JSON.stringify(one)}\n`).join('') || 'No faults are set.\n',
      };
    });
  }
}
