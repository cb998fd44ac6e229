import { withoutByteOrderMark } from './words.ts';

/** More than any body of Wise needs: a page of 100 orders has some 100 KB. */
export const LARGEST_BYTES = 4 * 1024 * 1024;
/** More levels than any body of Wise has, and few enough for every recursive function. */
const DEEPEST = 32;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes JSON from outside. Returns undefined for what can't be read: no JSON, no UTF-8, over 4 MiB, or nested over 32
 * levels deep, which could overflow the stack of whatever handles the value.
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
