import { Args, Flags } from '@oclif/core';
import { BaseCommand } from '../../cli/base-command.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { publicKeyFlag, toVerifier } from '../../events/event-flags.ts';
import { verifyEvent } from '../../events/verify-event.ts';
import type { Result } from '../../output/result.ts';

/** Maximum size of a body: four times the limit of the receiver. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export default class EventsVerify extends BaseCommand {
  static override effect = 'records' as const;
  static override summary = 'Verify the signature of a webhook body.';
  static override description =
    `Works offline. The file must contain the exact bytes of the body. Exits with 0 if the signature matches, otherwise with 10.`;
  static override examples = [
    {
      description: 'Verify a body with the published key of Wise.',
      command: 'kioskctl events verify body.json --signature "$SIGNATURE" --environment production',
    },
    {
      description: 'Verify it with your own key.',
      command: 'kioskctl events verify body.json --signature "$SIGNATURE" --public-key key.pem --json',
    },
  ];
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: 'File with the body as received.' }),
  };
  static override flags = {
    signature: Flags.string({
      required: true,
      summary: 'Value of the X-Signature-SHA256 header.',
      helpValue: 'BASE64',
    }),
    ...publicKeyFlag,
  };

  protected override async perform(): Promise<Result> {
    const { args, flags } = await this.parse(EventsVerify);
    const ctx = await this.context(flags);
    const verifier = await toVerifier(ctx, flags['public-key']);
    const body = ctx.files.readBytes(args.file, BODY_LIMIT_BYTES);
    const { exitCode, ...found } = verifyEvent(body, { signature: flags.signature.trim(), verifier });
    return {
      exitCode,
      document: { ...found },
      text: (style) =>
        found.valid
          ? `${style.good('✓')} The signature matches: ${printable(found.key)} on ${found.bytes} bytes.\n`
          : '',
      errors: found.error ? [{ about: null, error: found.error }] : [],
    };
  }
}
