import { Flags, type Interfaces } from '@oclif/core';
import * as v from 'valibot';
import type { Files } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { isOrderKey } from '../domain/order.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { allOf, type Diagnostic, inOrder, isMapping, locate } from '../input/diagnostic.ts';
import { exactFlagKind, flagKind, profileFlag, referenceFlag } from '../input/flags.ts';
import { parseYaml } from '../input/yaml-file.ts';
import { orderFile } from '../wire/orders.ts';
import type { OrderOptions } from './order.ts';

const amountFlag = flagKind((text) => {
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Number(text);
  throw failure('usage', `“${printable(text)}” is not an amount.`, 'Write a number like 100 or 99.50.');
});

const keyFlag = exactFlagKind((text) => {
  if (isOrderKey(text)) return text;
  throw failure(
    'usage',
    `“${printable(text.slice(0, 80))}” is not an idempotency key.`,
    'Use 1 to 255 printable characters, without blanks at either end.',
  );
});

export const orderFlags = {
  program: Flags.string({
    summary: 'Card program (default: the only one available).',
    helpValue: 'NAME',
  }),
  cardholder: Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Name of the cardholder.',
    helpValue: 'NAME',
  }),
  'embossed-name': Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Name on the card, 1 to 22 characters.',
    helpValue: 'NAME',
  }),
  phone: Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Phone number, with + and country code.',
    helpValue: 'NUMBER',
  }),
  'first-line': Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Address, first line.',
    helpValue: 'TEXT',
  }),
  'second-line': Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Address, second line.',
    helpValue: 'TEXT',
  }),
  city: Flags.string({ helpGroup: 'CARDHOLDER AND ADDRESS', summary: 'City.', helpValue: 'TEXT' }),
  'post-code': Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Post code.',
    helpValue: 'TEXT',
  }),
  state: Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'State, if addresses of the country have one.',
    helpValue: 'TEXT',
  }),
  country: Flags.string({
    helpGroup: 'CARDHOLDER AND ADDRESS',
    summary: 'Country, ISO 3166-1 alpha-2.',
    helpValue: 'CC',
  }),
  from: Flags.string({
    summary: 'Order body of the Wise API, as YAML or JSON. Flags take precedence.',
    helpValue: 'FILE',
  }),
  like: referenceFlag({ summary: 'Copy the order of this card.', helpValue: 'CARD' }),
  'cardholder-profile-id': profileFlag({
    helpGroup: 'ADVANCED',
    summary: 'Profile of the cardholder, for a business.',
    helpValue: 'ID',
  }),
  'lifetime-limit': amountFlag({
    helpGroup: 'ADVANCED',
    summary: 'Maximum total amount that the card can spend.',
    helpValue: 'AMOUNT',
  }),
  replaces: referenceFlag({
    helpGroup: 'ADVANCED',
    summary: 'Card to replace.',
    helpValue: 'CARD',
  }),
  'replacement-reason': Flags.string({
    helpGroup: 'ADVANCED',
    summary: 'Reason of the replacement: damaged or expiring.',
    options: ['damaged', 'expiring'],
  }),
  'idempotency-key': keyFlag({
    helpGroup: 'ADVANCED',
    summary: 'Unique text for this order. Repeating it never orders twice.',
    helpValue: 'KEY',
  }),
};

type OrderFlags = Interfaces.InferredFlags<typeof orderFlags>;

/** Maximum size of an order file. */
const FILE_LIMIT_BYTES = 64 * 1024;
const HINT =
  'Use an order body of the Wise API, as YAML or JSON: program, cardHolderName, address and so on.';

/** Converts flags and file to the options of an order. @throws Failure `usage`, `invalid-input` for an invalid file */
export async function toOrderOptions(
  flags: OrderFlags & { wait: boolean },
  files: Files,
): Promise<OrderOptions> {
  const { from, like = null, replaces, 'replacement-reason': reason, wait } = flags;
  if ((replaces === undefined) !== (reason === undefined)) {
    throw failure(
      'usage',
      'A replacement needs both the card and the reason.',
      'Give --replaces CARD and --replacement-reason damaged or expiring.',
    );
  }
  return {
    fields: toFields(flags),
    file: from === undefined ? null : await readOrderFile(from, files),
    like,
    replaces: replaces && reason ? { card: replaces, reason: `CARD_${reason.toUpperCase()}` } : null,
    idempotencyKey: flags['idempotency-key'] ?? null,
    wait,
  };
}

function toFields(flags: OrderFlags): Record<string, unknown> {
  const address = {
    firstLine: flags['first-line'],
    secondLine: flags['second-line'],
    city: flags.city,
    postCode: flags['post-code'],
    state: flags.state,
    country: flags.country,
  };
  return {
    program: flags.program,
    cardHolderName: flags.cardholder,
    embossedName: flags['embossed-name'],
    phoneNumber: flags.phone,
    cardHolderProfileId: flags['cardholder-profile-id'],
    lifetimeLimit: flags['lifetime-limit'],
    ...(Object.values(address).some((line) => line !== undefined) && { address }),
  };
}

/** Reads a (partial) order body of Wise from a YAML or JSON file. Unknown fields are errors. */
async function readOrderFile(file: string, files: Files): Promise<Record<string, unknown>> {
  const text = files.readText(file, { limit: FILE_LIMIT_BYTES, what: 'order', hint: HINT });
  if (text.trim() === '') throw unusable(file, 'it is empty');
  const { content, mistakes, placeOf } = await parseYaml(text);
  if (mistakes.length > 0) throw unusable(file, allOf(inOrder(mistakes)));
  if (!isMapping(content)) throw unusable(file, 'it is not an order body (a mapping of fields)');
  const unknown = Object.keys(content).filter((field) => !Object.hasOwn(orderFile.entries, field));
  const parsed = v.safeParse(orderFile, content);
  if (parsed.success && unknown.length === 0) return parsed.output;
  const diagnostics: Diagnostic[] =
    unknown.length > 0
      ? unknown.map((field) => ({ path: [field], at: 'key', message: 'no such field' }))
      : (parsed.issues ?? []).map(({ path = [], message }) => ({
          path: path.map(({ key }) => (typeof key === 'number' ? key : String(key))),
          at: 'value',
          message,
        }));
  throw unusable(file, allOf(inOrder(locate(diagnostics, placeOf))));
}

function unusable(file: string, why: string): Failure {
  return failure('invalid-input', `${printable(file)} can't be used as an order: ${printable(why)}.`, HINT);
}
