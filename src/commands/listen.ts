import { BaseCommand } from '../cli/base-command.ts';
import type { Context } from '../context/context.ts';
import { asFailure } from '../domain/errors/failure.ts';
import { isLoopback } from '../domain/text/words.ts';
import { messageResult, unshownResult } from '../events/event-views.ts';
import { type ListenOptions, listen } from '../events/listen.ts';
import { listenFlags, readListenOptions } from '../events/listen-flags.ts';
import type { ListenerMessage } from '../events/listener.ts';
import { quietFlag } from '../input/flags.ts';

/** Maximum size of buffered output. Beyond it, events are stored but not shown. */
const UNREAD_LIMIT_BYTES = 1024 * 1024;

export default class Listen extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Receive webhooks into the journal.';
  static override description =
    `Verifies each event, stores it in the journal, then answers 200. If it can't be stored, the answer is 503 and Wise sends it
again. A request that looks like an event but has a wrong signature or path is also answered 503, with a warning. Test
notifications are answered 200 and change no card. Waits and status in other terminals use the stored events.

Serves plain HTTP, behind a gateway or tunnel that terminates TLS on port 443 (docs/webhooks.md). In local it subscribes to the embedded
sandbox automatically. At its start it checks the unfinished cards at the API for events that were missed. SIGTERM and
Ctrl-C finish accepted requests and exit with 0.`;
  static override examples = [
    { description: 'Receive the webhooks of the default context.', command: 'kioskctl listen' },
    {
      description: 'Show only failures at one kiosk.',
      command: 'kioskctl listen --filter status=PRODUCTION_ERROR --filter kiosk=WIS00001',
    },
    {
      description: 'Receive production webhooks on a fixed port and path.',
      command: 'kioskctl listen --context production --port 8788 --path /webhooks --json',
    },
    {
      description: 'Pass verified webhooks on to your own service.',
      command: 'kioskctl listen --forward-to http://127.0.0.1:3000/webhooks',
    },
  ];
  static override flags = { ...listenFlags, ...quietFlag };

  #unshown = 0;

  protected override get isServer(): boolean {
    return true;
  }

  protected override async perform(): Promise<null> {
    const { flags } = await this.parse(Listen);
    const options = readListenOptions(flags, this.files);
    const ctx = await this.context(flags);
    await this.receive(ctx, options, listen);
    return null;
  }

  /** Runs a server, and prints its messages. */
  protected async receive<Options extends ListenOptions>(
    ctx: Context,
    options: Options,
    run: (ctx: Context, options: Options, emit: (message: ListenerMessage) => void) => Promise<unknown>,
  ): Promise<void> {
    if (!isLoopback(options.host)) {
      ctx.report.warn(
        `Plain HTTP on ${options.host}: put a gateway that ends TLS between this and the internet.`,
      );
    }
    let shown = Promise.resolve();
    const tell = (message: ListenerMessage) => {
      shown = this.#show(message).catch((error: unknown) => ctx.report.warn(asFailure(error).message));
    };
    try {
      await run(ctx, options, tell);
    } finally {
      // Prints all lines before an error is thrown: printing a line later would overwrite the exit code of the error.
      await shown;
    }
  }

  async #show(message: ListenerMessage): Promise<void> {
    if (message.type !== 'end' && this.io.unread() > UNREAD_LIMIT_BYTES) {
      this.#unshown += 1;
      return;
    }
    const unshown = this.#unshown;
    this.#unshown = 0;
    if (unshown > 0) await this.emit(unshownResult(unshown), { isStream: true });
    await this.emit(messageResult(message, this.io.calendar.now()), { isStream: true });
  }
}
