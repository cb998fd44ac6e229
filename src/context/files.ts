import { failure } from '../domain/errors/failure.ts';
import { decodeUtf8 } from '../domain/text/decode-text.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { PublicKey } from '../webhooks/signature.ts';

export interface TextOptions {
  /** Most bytes that the file may have. */
  limit: number;
  /** Name of the file in messages: `runbook`. */
  what: string;
  /** Advice for a file that is not UTF-8 text. */
  hint?: string;
}

export interface WriteOptions {
  /** Replaces an existing regular file, or the one that a link leads to. */
  force: boolean;
  /** Permissions, whatever the mask of the process; without it, the usual ones. */
  mode?: number;
}

/** Files of the user, and standard input. Methods throw Failure `invalid-input` for what can't be read or written. */
export interface Files {
  /** Reads a whole file of at most `limit` bytes. */
  readBytes(file: string, limit: number): Buffer;
  /** Reads a whole file as UTF-8, without its byte order mark. */
  readText(file: string, options: TextOptions): string;
  /** Yields the lines of a file of any length, without their line ends; `-` stands for standard input. */
  readLines(file: string): AsyncIterable<string>;
  /** Reads standard input to its end, as UTF-8. */
  stdin(): Promise<string>;
  /** Size in bytes; null if there is no such file. */
  size(file: string): number | null;
  /** Names of the files in a folder. */
  list(folder: string): string[];
  /** Writes a file as a whole, or not at all. */
  write(file: string, chunks: Iterable<string> | AsyncIterable<string>, options: WriteOptions): Promise<void>;
  /** Creates a file as a whole, or not at all. @param fill writes to an empty draft beside it */
  create(file: string, fill: (draft: string) => Promise<void>, options: WriteOptions): Promise<void>;
  /** Throws if the file could not be written or replaced. */
  requireWritable(file: string): Promise<void>;
  append(file: string, text: string): void;
}

/** Advice for text in another encoding. */
export const SAVE_AS_UTF8 = 'Save it as UTF-8 (in PowerShell: Out-File -Encoding utf8).';

/** Decodes the bytes of a file as UTF-8, without its byte order mark. @throws Failure `invalid-input` for bytes that are not text */
export function decodeText(
  bytes: Uint8Array,
  { file, what, hint = SAVE_AS_UTF8 }: Omit<TextOptions, 'limit'> & { file: string },
): string {
  const { text, problem } = decodeUtf8(bytes);
  if (text !== null) return text;
  throw failure('invalid-input', `The ${what} ${printable(file)} can't be used: ${problem}.`, hint);
}

/** The most bytes of a key file, which is far smaller. */
const KEY_LIMIT_BYTES = 64 * 1024;

/**
 * Reads a file with a public key in PEM. The key itself is not checked here.
 * @throws Failure `invalid-input`
 */
export function readPublicKey(files: Pick<Files, 'readText'>, file: string): PublicKey {
  const hint = 'Give a PEM file that begins with -----BEGIN PUBLIC KEY-----.';
  return {
    pem: files.readText(file, { limit: KEY_LIMIT_BYTES, what: 'key file', hint }),
    source: printable(file),
  };
}
