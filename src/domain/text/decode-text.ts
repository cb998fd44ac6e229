/** Decoded text, or the reason why the bytes are not valid text, as a clause. */
export type Decoded = { text: string; problem: null } | { text: null; problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes UTF-8 and removes the byte order mark, which editors don't show. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  if (isUtf16(bytes)) return { text: null, problem: 'it is UTF-16' };
  try {
    const text = utf8.decode(bytes);
    if (!text.includes('\0')) return { text, problem: null };
  } catch {
    // Invalid UTF-8.
  }
  return { text: null, problem: 'it is not UTF-8 text' };
}

/** Number of bytes to inspect for UTF-16 without a byte order mark. */
const SAMPLE_BYTES = 512;

/** True for UTF-16, the default of PowerShell 5: the bytes start with a byte order mark, or every other byte is 0. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const sample = [...bytes.subarray(0, SAMPLE_BYTES)];
  return [0, 1].some((parity) => {
    const half = sample.filter((_, index) => index % 2 === parity);
    return half.length > 1 && half.every((byte) => byte === 0) && sample.some((byte) => byte !== 0);
  });
}

/** Removes trailing line ends, which files and pipes append to secrets. */
export function withoutLineEnds(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}
