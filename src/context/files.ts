import { failure } from '../domain/errors/failure.ts';
import { decodeUtf8 } from '../domain/text/decode-text.ts';
import { printable } from '../domain/text/terminal-text.ts';
import type { PublicKey } from '../webhooks/signature.ts';

export interface TextOptions {
  /** Maximum size in bytes. */
  limit: number;
  /** Name of the file in messages: `runbook`. */
  what: string;
  /** Advice if the file is not UTF-8 text. */
  hint?: string;
  /** True to reject a file that other users can read. */
  isSecret?: boolean;
}

export interface WriteOptions {
  /** Replaces an existing file. If the path is a symbolic link, its target is replaced. */
  force: boolean;
  /** Permissions, regardless of the umask. Undefined for the default. */
  mode?: number;
}

/**
 * Access to the user's files and standard input. Methods throw Failure `invalid-input` if a file can't be read or
 * written.
 */
export interface Files {
  /** Reads a file. @param limit maximum size in bytes */
  readBytes(file: string, limit: number): Buffer;
  /** Reads a UTF-8 file and removes its byte order mark. */
  readText(file: string, options: TextOptions): string;
  /** Yields the lines of a file of any size, without line ends. `-` is standard input. */
  readLines(file: string): AsyncIterable<string>;
  /** Reads standard input to its end, as UTF-8. */
  stdin(): Promise<string>;
  /** Returns the size in bytes; null if the file does not exist. */
  size(file: string): number | null;
  /** Lists the names of the files in a folder. */
  list(folder: string): string[];
  /** Writes a file atomically. */
  write(file: string, chunks: Iterable<string> | AsyncIterable<string>, options: WriteOptions): Promise<void>;
  /** Creates a file atomically. @param fill writes the content to an empty draft file */
  create(file: string, fill: (draft: string) => Promise<void>, options: WriteOptions): Promise<void>;
  /** Throws if the file can't be written or replaced. */
  requireWritable(file: string): Promise<void>;
  append(file: string, text: string): void;
}

/** Advice for a file in another encoding. */
export const SAVE_AS_UTF8 = 'Save it as UTF-8 (in PowerShell: Out-File -Encoding utf8).';

/** Decodes UTF-8 and removes the byte order mark. @throws Failure `invalid-input` for bytes that are not UTF-8 text */
export function decodeText(
  bytes: Uint8Array,
  { file, what, hint = SAVE_AS_UTF8 }: Omit<TextOptions, 'limit'> & { file: string },
): string {
  const { text, problem } = decodeUtf8(bytes);
  if (text !== null) return text;
  throw failure('invalid-input', `The ${what} ${printable(file)} can't be used: ${problem}.`, hint);
}

/** Maximum size of a key file. Actual keys have about 1 KB. */
const KEY_LIMIT_BYTES = 64 * 1024;

/** Reads a public key file (PEM). Does not validate the key, but rejects a private one. @throws Failure `invalid-input` */
export function readPublicKey(files: Pick<Files, 'readText'>, file: string): PublicKey {
  const hint = 'Give a PEM file that begins with -----BEGIN PUBLIC KEY-----.';
  const pem = files.readText(file, { limit: KEY_LIMIT_BYTES, what: 'key file', hint });
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw failure(
      'invalid-input',
      `The key file ${printable(file)} has a private key. Signatures are verified with the public key.`,
      `${hint} Keep private keys away from kioskctl: it never needs that of Wise.`,
    );
  }
  return { pem, source: printable(file) };
}
