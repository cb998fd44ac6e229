import * as v from 'valibot';
import type { Files } from '../context/files.ts';
import { Failure } from '../domain/errors/failure.ts';
import { parseId } from '../domain/ids.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { orderFile } from '../wire/orders.ts';
import type { OrderOptions } from './order.ts';
import type { GivenReference } from './session/resolve-cards.ts';

/** The flags of `order` as oclif gives them. */
export interface OrderFlags {
  program?: string | undefined;
  cardholder?: string | undefined;
  'embossed-name'?: string | undefined;
  phone?: string | undefined;
  'first-line'?: string | undefined;
  'second-line'?: string | undefined;
  city?: string | undefined;
  'post-code'?: string | undefined;
  state?: string | undefined;
  country?: string | undefined;
  from?: string | undefined;
  'cardholder-profile-id'?: string | undefined;
  'lifetime-limit'?: string | undefined;
  'replacement-reason'?: string | undefined;
  'idempotency-key'?: string | undefined;
  wait: boolean;
}

/** More than any order needs. */
const FILE_LIMIT_BYTES = 64 * 1024;
const HINT = "Write the vendor's order body as YAML or JSON: program, cardHolderName, address and so on.";

/**
 * Makes the options of an order out of its flags and its file.
 * @throws Failure `usage`, `invalid-input` for a file that can't be used
 */
export async function toOrderOptions(
  flags: OrderFlags,
  { files, like, replaced }: { files: Files; like: GivenReference | null; replaced: GivenReference | null },
): Promise<OrderOptions> {
  const reason = flags['replacement-reason'];
  if ((replaced === null) !== (reason === undefined)) {
    throw new Failure('usage', 'A replacement needs both the card and the reason.', {
      hint: 'Give --replaces CARD and --replacement-reason damaged or expiring.',
    });
  }
  return {
    fields: toFields(flags),
    file: flags.from === undefined ? null : await readOrderFile(flags.from, files),
    like,
    replaces: replaced && reason ? { card: replaced, reason: `CARD_${reason.toUpperCase()}` } : null,
    idempotencyKey: flags['idempotency-key'] === undefined ? null : checkKey(flags['idempotency-key']),
    wait: flags.wait,
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
  const holder = flags['cardholder-profile-id'];
  const limit = flags['lifetime-limit'];
  return {
    program: flags.program,
    cardHolderName: flags.cardholder,
    embossedName: flags['embossed-name'],
    phoneNumber: flags.phone,
    cardHolderProfileId: holder === undefined ? undefined : parseId(holder, 'profile id'),
    lifetimeLimit: limit === undefined ? undefined : toAmount(limit),
    ...(Object.values(address).some((line) => line !== undefined) && { address }),
  };
}

function toAmount(text: string): number {
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Number(text);
  throw new Failure('usage', `“${printable(text)}” is not an amount.`, {
    hint: 'Write a number like 100 or 99.50.',
  });
}

function checkKey(text: string): string {
  if (text.trim() !== '' && text.length <= 200) return text;
  throw new Failure('usage', 'The idempotency key is empty or too long.', {
    hint: 'Use 1 to 200 characters.',
  });
}

/** Reads the vendor's body, or a part of it, from a YAML or JSON file. Fields that it doesn't know are mistakes. */
async function readOrderFile(file: string, files: Files): Promise<Record<string, unknown>> {
  const content = await parseYaml(readText(file, files), file);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw unusable(file, 'it is not an order body (a mapping of fields)');
  }
  const unknown = Object.keys(content).filter((field) => !Object.hasOwn(orderFile.entries, field));
  if (unknown.length > 0) throw unusable(file, unknown.map((field) => `${field}: no such field`).join('; '));
  const parsed = v.safeParse(orderFile, content);
  if (parsed.success) return parsed.output;
  const mistakes = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  throw unusable(file, mistakes.join('; '));
}

function readText(file: string, files: Files): string {
  const text = files.readText(file, { limit: FILE_LIMIT_BYTES, what: 'order', hint: HINT });
  if (text.trim() === '') throw unusable(file, 'it is empty');
  return text;
}

async function parseYaml(text: string, file: string): Promise<unknown> {
  const { parseDocument } = await import('../input/yaml.ts');
  const document = parseDocument(text, { prettyErrors: true });
  const [error] = document.errors;
  if (error) throw unusable(file, error.message.split('\n')[0] ?? 'it is neither YAML nor JSON');
  try {
    return document.toJS({ maxAliasCount: 10 });
  } catch (error) {
    throw unusable(file, error instanceof Error ? error.message : 'its aliases can not be followed');
  }
}

function unusable(file: string, why: string): Failure {
  return new Failure('invalid-input', `${printable(file)} can't be used as an order: ${printable(why)}.`, {
    hint: HINT,
  });
}
