import { withoutByteOrderMark } from './words.ts';

/** Maximum size of JSON input. The largest body of Wise, a page of 100 orders, has about 100 KB. */
export const LARGEST_BYTES = 4 * 1024 * 1024;
/** Maximum nesting depth: deeper than any body of Wise, but safe for recursive functions. */
const DEEPEST = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes untrusted JSON.
 * @returns undefined for invalid JSON or UTF-8, more than 4 MiB, or more than 32 levels (deep nesting could overflow
 * the stack)
 */
export function decodeJson(source: Uint8Array | string): unknown {
  if (source.length > LARGEST_BYTES) return undefined;
  try {
    const text = typeof source === 'string' ? source : utf8.decode(source);
    const value: unknown = JSON.parse(withoutByteOrderMark(text));
    return isTooDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

function isTooDeep(value: unknown, left = DEEPEST): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return left === 0 || Object.values(value).some((member) => isTooDeep(member, left - 1));
}
