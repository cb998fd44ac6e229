import { planTermsOf } from '../cli/open-client.ts';
import { describeSetup } from '../cli/open-context.ts';
import { parseDuration } from '../domain/times/duration.ts';
import { quietFlag } from '../input/flags.ts';
import { serve } from '../serve/serve.ts';
import { readNotifyOptions, readServeOptions, serveFlags } from '../serve/serve-flags.ts';
import Listen from './listen.ts';

export default class Serve extends Listen {
  static override summary = 'Receive webhooks on a server, with a board and metrics.';
  static override description =
    `Receives webhooks into the journal as listen does, without a terminal: for a service manager or a container (docs/serve.md).
--port answers only the path of the webhooks, /health and /ready. The admin port also shows the journal, the last event
and the credentials, metrics for Prometheus on /metrics, and on /board all kiosks for a wall screen or a phone
(docs/control-room.md). It is on loopback only, unless --admin-host is set.

With --notify-file it sends notices about failed, stuck and expiring cards, lost answers, long holds and missing listeners,
gathered by kiosk and error code, and one when the problem is over. A detached plan that ended or paused is one notice, too
(docs/serve.md).

Events wait in the journal until the service of --forward-to (or of the setting forwardTo) accepts them, for 14 days at most:
in the sequence of arrival, and whichever listener on the journal stored them.

Its jobs settle attempts whose process was killed, catch up with the API every hour, and delete old events if the context has
a retention. They never send a card. Of several servers with one journal, one at a time runs each job; with PostgreSQL, they
need the package graphile-worker. Without credentials, the server receives and forwards events, and does not check cards.

With --accept-plans, the server also sends the cards of plans that users approved with --detach (docs/control-room.md).
SIGTERM and Ctrl-C finish accepted requests and exit with 0.`;
  static override examples = [
    { description: 'Serve the default context.', command: 'kioskctl serve' },
    {
      description: 'Serve production behind a gateway, and forward events to your own service.',
      command: 'kioskctl serve --context production --json --forward-to http://127.0.0.1:3000/webhooks',
    },
    {
      description: 'Send notices about failures to the team on call.',
      command: 'kioskctl serve --context production --notify-file /etc/kioskctl/notify.yaml',
    },
    {
      description: 'Also carry out approved recoveries that were detached.',
      command: 'kioskctl serve --context production --json --accept-plans',
    },
    {
      description: 'Open the admin port to the network, with a password.',
      command: 'kioskctl serve --admin-host 0.0.0.0 --board-password-file /etc/kioskctl/board-password',
    },
  ];
  static override flags = { ...serveFlags, ...quietFlag };

  protected override async perform(): Promise<null> {
    const { flags } = await this.parse(Serve);
    const options = readServeOptions(flags, this.files);
    const isExecuting = flags['accept-plans'];
    const ctx = await this.context(flags, isExecuting ? 'executes' : Serve.effect);
    const plans = isExecuting ? await planTermsOf(this.opened) : null;
    const { settings, credentials } = this.opened;
    const hide = (secret: string) => credentials.hide(secret);
    const notify = await readNotifyOptions(flags, { files: this.files, hide });
    const { kioskctl: version, node } = describeSetup(settings);
    const retention = settings.retention === null ? null : parseDuration(settings.retention);
    const forwardTo = options.forwardTo ?? (settings.forwardTo === null ? null : new URL(settings.forwardTo));
    const build = { version, node };
    await this.receive(ctx, { ...options, forwardTo, build, retention, notify, plans }, serve);
    return null;
  }
}
