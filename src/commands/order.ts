import { Flags } from '@oclif/core';
import { readCardFlag } from '../cards/card-arguments.ts';
import { order, prepareOrder } from '../cards/order.ts';
import { type OrderFlags, toOrderOptions } from '../cards/order-input.ts';
import { BaseCommand } from '../cli/base-command.ts';
import { printableJson } from '../domain/text/terminal-text.ts';
import { actFlags, quietFlag, waitFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';

export default class Order extends BaseCommand {
  static override effect = 'writes' as const;
  static override summary = 'Order one card for collection at a kiosk.';
  static override description =
    `Has program and address checked first. Each call is a new order; its idempotency key is shown before it is sent, and
the same key with the same data never orders twice. In local, a sample cardholder stands in for missing data.`;
  static override examples = [
    '<%= config.bin %> order',
    '<%= config.bin %> order --from card.yaml --wait --json',
    "<%= config.bin %> order --cardholder 'Ada Example' --first-line '1 High Street' --city London --post-code 'E1 6JJ' --country GB --phone +441234567890",
    '<%= config.bin %> order --like 1001/501 --idempotency-key ticket-4711',
  ];
  static override flags = {
    program: Flags.string({
      summary: 'The card program; chosen by itself when there is one.',
      helpValue: 'NAME',
    }),
    cardholder: Flags.string({ summary: "The cardholder's name.", helpValue: 'NAME' }),
    'embossed-name': Flags.string({
      summary: 'The name on the card, 1 to 22 characters.',
      helpValue: 'NAME',
    }),
    phone: Flags.string({ summary: 'With + and country code.', helpValue: 'NUMBER' }),
    'first-line': Flags.string({ summary: 'Address, first line.', helpValue: 'TEXT' }),
    'second-line': Flags.string({ summary: 'Address, second line.', helpValue: 'TEXT' }),
    city: Flags.string({ summary: 'City.', helpValue: 'TEXT' }),
    'post-code': Flags.string({ summary: 'Post code.', helpValue: 'TEXT' }),
    state: Flags.string({ summary: 'State, where addresses have one.', helpValue: 'TEXT' }),
    country: Flags.string({ summary: 'Country, ISO 3166-1 alpha-2.', helpValue: 'CC' }),
    from: Flags.string({
      summary: "YAML or JSON of the vendor's own body; flags win over it.",
      helpValue: 'FILE',
    }),
    like: Flags.string({ summary: "Copy the data of this card's order.", helpValue: 'CARD' }),
    'cardholder-profile-id': Flags.string({
      summary: 'For a business: the profile of the cardholder.',
      helpValue: 'ID',
    }),
    'lifetime-limit': Flags.string({
      summary: 'The most that the card may ever spend.',
      helpValue: 'AMOUNT',
    }),
    replaces: Flags.string({ summary: 'The card that this one replaces.', helpValue: 'CARD' }),
    'replacement-reason': Flags.string({ summary: 'damaged or expiring.', options: ['damaged', 'expiring'] }),
    'idempotency-key': Flags.string({
      summary: 'Any text; orders once, however often it is repeated.',
      helpValue: 'KEY',
    }),
    'dry-run': Flags.boolean({ summary: 'Show the request, send nothing.' }),
    wait: Flags.boolean({ summary: 'Go on until the card is ready.' }),
    ...waitFlags,
    ...actFlags,
    ...quietFlag,
  };

  protected override async perform(): Promise<Result> {
    const { flags } = await this.parse(Order);
    const options = await this.#options(flags);
    const ctx = await this.context(flags, flags['dry-run'] ? 'reads' : 'writes');
    if (!flags['dry-run']) return this.results([await order(ctx, options)], { shape: 'card' });
    const prepared = await prepareOrder(ctx, options);
    return {
      exitCode: 0,
      document: { profileId: prepared.profileId, request: prepared.order },
      text: () => `${printableJson(prepared.order, 2)}\n`,
    };
  }

  async #options(flags: OrderFlags & { like?: string | undefined; replaces?: string | undefined }) {
    const replaced = readCardFlag(flags.replaces);
    return toOrderOptions(flags, { files: this.files, like: readCardFlag(flags.like), replaced });
  }
}
