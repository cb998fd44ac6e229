import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { publicKeyFlag, toVerifier } from '../../events/event-flags.ts';
import { renderImported } from '../../events/event-views.ts';
import { importEvents } from '../../events/import-events.ts';
import type { Result } from '../../output/result.ts';

export default class EventsImport extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Import webhook events and verify their signatures.';
  static override description =
    `Reads one JSON object per line: the output of events export, or a request from the log of a gateway,
{"headers": {"X-Signature-SHA256": "…", "X-Delivery-Id": "…"}, "body": "…"}, with the exact body as text (or bodyBase64).
With --unverified, bodies without a signature are stored as hints. A hint never changes a card; it only triggers a check at the API.
Events already stored are skipped. If a line is rejected, the exit code is 10 (signature) or 2; the other lines are stored.`;
  static override examples = [
    { description: 'Import an export of another journal.', command: 'kioskctl events import events.ndjson' },
    {
      description: 'Verify the signatures with your own key.',
      command: 'kioskctl events import gateway.ndjson --public-key key.pem --json',
    },
    {
      description: 'Accept events without a valid signature.',
      command: 'kioskctl events import bank.ndjson --unverified',
    },
    {
      description: 'Import the events of another machine.',
      command: 'ssh gateway kioskctl events export | kioskctl events import -',
    },
  ];
  static override args = {
    file: Args.string({
      required: true,
      ignoreStdin: true,
      description: 'File to import; - is standard input.',
    }),
  };
  static override flags = {
    unverified: Flags.boolean({ summary: 'Also store bodies without a signature, as hints.' }),
    ...publicKeyFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(EventsImport);
    const ctx = await this.context(flags);
    const imported = await importEvents(ctx, {
      lines: ctx.files.readLines(args.file),
      verifier: await toVerifier(ctx, flags['public-key']),
      unverified: flags.unverified,
    });
    const { error, ...counts } = imported;
    return {
      exitCode: error?.exitCode ?? 0,
      document: { ...counts, ...(error && { error: error.document }) },
      text: () => renderImported(imported),
      errors: error ? [{ about: null, error: error.document }] : [],
    };
  }
}
