import { once } from 'node:events';
import { Flags } from '@oclif/core';
import { SandboxCommand, seedFlag, speedFlag, stateFlag, tlsFlags } from '../../cli/sandbox-command.ts';
import { isLoopback } from '../../domain/text/words.ts';
import { numberFlag, portFlag } from '../../input/flags.ts';
import type { Result } from '../../output/result.ts';
import type { Sandbox as EmbeddedSandbox } from '../../sandbox/sandbox.ts';

export default class Sandbox extends SandboxCommand {
  static override summary = 'Serve the embedded sandbox on a fixed port.';
  static override description =
    `Serves the state that every command in local uses. Listens on this machine only, unless --host is set.`;
  static override examples = [
    { description: 'Serve it on the default port.', command: 'kioskctl sandbox' },
    {
      description: 'Serve it on a free port, ten times faster.',
      command: 'kioskctl sandbox --port 0 --speed 10 --json',
    },
    {
      description: 'Serve it with TLS.',
      command: 'kioskctl sandbox --port 8443 --tls-cert cert.pem --tls-key key.pem',
    },
    { description: 'Apply rate limits like Wise.', command: 'kioskctl sandbox --rate-limits --speed 6' },
    {
      description: 'Use another state, with reproducible ids.',
      command: 'kioskctl sandbox --state /tmp/other.db --seed 42',
    },
  ];
  static override flags = {
    port: portFlag({ summary: 'Port; 0 picks a free one (default 8787).', helpValue: 'N' }),
    host: Flags.string({
      helpGroup: 'ADVANCED',
      summary: 'Address to listen on (default 127.0.0.1).',
      helpValue: 'ADDRESS',
    }),
    speed: speedFlag({ summary: 'Speed factor (10 is ten times faster).', helpValue: 'N' }),
    kiosks: numberFlag({
      helpGroup: 'ADVANCED',
      what: 'a number of kiosks',
      max: 9999,
      summary: 'Number of kiosks: WIS00001, … (default 3).',
      helpValue: 'N',
    }),
    'rate-limits': Flags.boolean({
      helpGroup: 'ADVANCED',
      summary: 'Apply the rate limits of Wise: 100 requests per second, 1,000 per minute (sandbox time).',
    }),
    'no-callback-check': Flags.boolean({
      helpGroup: 'ADVANCED',
      summary: 'Accept subscriptions without sending a test notification to their URL.',
    }),
    ...tlsFlags,
    ...stateFlag,
    ...seedFlag,
  };

  protected override get isServer(): boolean {
    return true;
  }

  protected override async perform(): Promise<null> {
    const { flags } = await this.parse(Sandbox);
    const { port = 8787, host = '127.0.0.1' } = flags;
    return this.withSandbox(flags, async (sandbox, { report, signal }) => {
      const url = await sandbox.listen({ host, port });
      if (!isLoopback(host)) {
        report.warn(
          `The sandbox accepts any token and listens on ${host}: anyone who can reach it can use it.`,
        );
      }
      await this.emit(ready(url, sandbox), { isStream: true });
      if (!signal.aborted) await once(signal, 'abort');
      return null;
    });
  }
}

function ready(url: string, sandbox: EmbeddedSandbox): Result {
  const { token, profiles, kiosks } = sandbox;
  return {
    exitCode: 0,
    // A new state has no key yet, and making one takes longer than everything else. Only the document needs it.
    get document() {
      return { type: 'ready', url, token, publicKey: sandbox.publicKey(), profiles, kiosks };
    },
    text: () =>
      `The embedded sandbox listens on ${url} (Ctrl-C ends it).\nUse it: --context local --base-url ${url}\n`,
  };
}
