import * as v from 'valibot';
import { isMapping } from '../input/diagnostic.ts';
import { innerOf } from './schema-messages.ts';

/** Checks a value that was filled in: text that is a number counts as one where the schema wants a number. */
export function parseFilled<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.SafeParseResult<Schema> {
  const parsed = v.safeParse(schema, value);
  const numbers = (parsed.issues ?? [])
    .flatMap(everyIssue)
    .filter(({ expected, input }) => expected === 'number' && isNumber(input));
  if (numbers.length === 0) return parsed;
  const read = numbers.reduce<unknown>((whole, { path = [], input }) => {
    const keys = path.map(({ key }) => key);
    return replaced(whole, keys, Number(input));
  }, value);
  return v.safeParse(schema, read);
}

function everyIssue(issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] {
  return [issue, ...innerOf(issue).flatMap(everyIssue)];
}

export function isNumber(text: unknown): text is string {
  return typeof text === 'string' && /^-?\d{1,15}(\.\d{1,9})?$/.test(text);
}

function replaced(whole: unknown, [key, ...deeper]: unknown[], value: number): unknown {
  if (key === undefined) return value;
  if (Array.isArray(whole))
    return whole.map((one: unknown, index) => (index === key ? replaced(one, deeper, value) : one));
  if (!isMapping(whole) || typeof key !== 'string') return whole;
  return { ...whole, [key]: replaced(whole[key], deeper, value) };
}
