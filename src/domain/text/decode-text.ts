/** The text of bytes from outside, or the reason why they are none, as a clause. */
export type Decoded = { text: string; problem: null } | { text: null; problem: string };

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Decodes UTF-8. The byte order mark, which no editor shows, is left out. */
export function decodeUtf8(bytes: Uint8Array): Decoded {
  if (isUtf16(bytes)) return { text: null, problem: 'it is UTF-16' };
  try {
    const text = utf8.decode(bytes);
    if (!text.includes('\0')) return { text, problem: null };
  } catch {
    // No UTF-8.
  }
  return { text: null, problem: 'it is not UTF-8 text' };
}

/** The number of bytes by which UTF-16 without a byte order mark is recognized. */
const SAMPLE_BYTES = 512;

/** True for UTF-16, as PowerShell 5 and “Unicode” in Windows programs write it: with its mark, or every other byte 0. */
export function isUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return true;
  const sample = [...bytes.subarray(0, SAMPLE_BYTES)];
  return [0, 1].some((parity) => {
    const half = sample.filter((_, index) => index % 2 === parity);
    return half.length > 1 && half.every((byte) => byte === 0) && sample.some((byte) => byte !== 0);
  });
}

/** Returns text without the line ends at its end, which files and pipes add to secrets. */
export function withoutLineEnds(text: string): string {
  return text.replace(/[\r\n]+$/, '');
}
