import { createPublicKey } from 'node:crypto';
import { statSync } from 'node:fs';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { readPublicKey } from '../../context/files.ts';
import { Failure, failure, notA } from '../../domain/errors/failure.ts';
import { type KioskId, parseKioskId } from '../../domain/ids.ts';
import { decodeJson } from '../../domain/text/decode-json.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { isLoopback } from '../../domain/text/words.ts';
import { parseDuration } from '../../domain/times/duration.ts';
import { parseReceiverUrl } from '../../input/receiver-url.ts';
import { isJournalUrl, parseJournalUrl } from '../../postgres/journal-url.ts';
import { readText, toProgramFile, toReadableFile } from '../terminal/read-text.ts';
import { readCertificate } from './network.ts';

/** The value of a setting on the command line, as a list of words. */
export type Words = readonly string[];

/** Creates a parser for a setting with a single word. */
export function one<Value>(parse: (text: string) => Value): (words: Words) => Value {
  return ([text = '', ...more]) => {
    if (more.length === 0) return parse(text);
    throw failure('usage', 'This setting has one value.', 'Quote a value that has spaces.');
  };
}

/** Parses kiosk ids, separated by commas or spaces. @throws Failure `usage` */
export function toKiosks(words: Words): KioskId[] {
  return [...new Set(words.flatMap((word) => word.split(',')).map((id) => parseKioskId(id.trim())))];
}

/** Parses plain text. @throws Failure `usage` for a long text or control characters */
export function toPlainText(text: string): string {
  if (!/\p{C}/u.test(text) && text.length <= 200) return text.trim();
  throw failure(
    'usage',
    'This value is too long, or has control characters.',
    'Use up to 200 characters of plain text.',
  );
}

/** Minimum age of deleted events. Wise repeats a delivery for two weeks: an event that was deleted sooner would be stored again. */
const SHORTEST_RETENTION = '30d';

/** Parses the age at which events are deleted. @throws Failure `usage` */
export function toRetention(text: string): string {
  if (parseDuration(text) >= parseDuration(SHORTEST_RETENTION)) return text;
  throw failure(
    'usage',
    `A retention of ${printable(text)} is too short: events are the record of the last month.`,
    `Use at least ${SHORTEST_RETENTION}, like 90d.`,
  );
}

/** Parses the URL to which events are forwarded. @throws Failure `usage` */
export function toReceiver(text: string): string {
  return parseReceiverUrl(text, 'forwardTo').href;
}

/** Parses a kiosk id. @throws Failure `usage`, also for several ids */
export function toKiosk(text: string): KioskId {
  if (!text.includes(',')) return parseKioskId(text);
  throw notA('a kiosk id', text, 'Use the id of the machine, like WIS00001.');
}

/**
 * Parses a command: its words, or one JSON list of words. Words are not split, because no shell is involved.
 * @throws Failure `usage`
 */
export function toCommand(words: Words): string[] {
  const [program = '', ...args] = readWords(words);
  // A name without a folder is searched in PATH.
  return [basename(program) === program ? program : toProgramFile(program), ...args];
}

function readWords(words: Words): Words {
  const [only = '', ...more] = words;
  if (more.length > 0) return words;
  if (only.startsWith('[')) return fromJson(only);
  if (!/\s/.test(only)) return [only];
  throw failure(
    'usage',
    'A credential command runs without a shell. Pass its words one by one.',
    "Separate them, like kioskctl context set credentialCommand -- vault-token '{profileId}'; or as a JSON list.",
  );
}

function fromJson(text: string): string[] {
  const list = decodeJson(text);
  const words = Array.isArray(list) ? list.filter((word) => typeof word === 'string') : [];
  if (Array.isArray(list) && words.length === list.length && words[0]) return words;
  throw failure(
    'usage',
    'The credential command is not a list of words.',
    'Write it like ["vault-token", "{profileId}"].',
  );
}

/** Parses the paths of certificate and key, and checks that they match. @throws Failure */
export function toCertificate(words: Words): { certFile: string; keyFile: string } {
  const [certFile, keyFile, ...more] = words.flatMap((word) => word.split(','));
  if (!certFile || !keyFile || more.length > 0) {
    throw failure(
      'usage',
      'A certificate consists of two files.',
      'Pass the certificate and its key: certificate CERTFILE KEYFILE.',
    );
  }
  const files = { certFile: toReadableFile(certFile), keyFile: toReadableFile(keyFile) };
  readCertificate(files, Date.now());
  return files;
}

/** Parses the path of a public key file, and validates the key. @throws Failure */
export function toPublicKey(text: string): string {
  const file = toReadableFile(text);
  try {
    createPublicKey(readPublicKey({ readText }, file).pem);
    return file;
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw failure(
      'usage',
      `${printable(file)} is not a public key.`,
      'Name a file that begins with BEGIN PUBLIC KEY.',
    );
  }
}

/** Parses an API version: `legacy` or `2026Q4`. @throws Failure `usage` */
export function toApiVersion(text: string): string {
  if (text === 'legacy' || /^20\d\dQ[1-4]$/.test(text)) return text;
  throw notA('an API version', text, 'Use legacy, or a version like 2026Q4.');
}

/** Parses the speed of the embedded sandbox, relative to real time. @throws Failure `usage` */
export function toSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && Number.isFinite(speed) && speed > 0 && speed <= 1_000_000) return speed;
  throw notA('a speed of the sandbox', text, 'Use a number above 0, like 10.');
}

export interface BaseUrl {
  /** URL without a trailing slash. */
  href: string;
  isLoopback: boolean;
  /** True for Wise's production hosts. */
  isProduction: boolean;
}

/** Pattern of Wise's production hosts: all subdomains, like api.wise.com and api-mtls.transferwise.com. */
const PRODUCTION_HOST = /(^|\.)(wise|transferwise)\.com\.?$/;

/** Parses a base URL without credentials: https, or http on this machine only. @throws Failure `usage` */
export function toBaseUrl(text: string): BaseUrl {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.host === '') {
    throw notA(
      'a base URL',
      hideCredentials(text),
      'Write it with its scheme, like https://api.wise-sandbox.com.',
    );
  }
  if (url.username || url.password) {
    throw failure(
      'usage',
      'The base URL has credentials in it.',
      'Remove them. Set an access token with KIOSKCTL_TOKEN.',
    );
  }
  if (url.search || url.hash)
    throw failure('usage', 'The base URL has a query or a fragment.', 'Use scheme, host and path only.');
  const isHere = isLoopback(url.hostname);
  if (url.protocol === 'http:' && !isHere) {
    throw failure(
      'usage',
      `The base URL ${url.origin} is not encrypted.`,
      'Use https; http is for this machine only.',
    );
  }
  return {
    href: url.href.replace(/\/+$/, ''),
    isLoopback: isHere,
    isProduction: PRODUCTION_HOST.test(url.hostname),
  };
}

function hideCredentials(text: string): string {
  return text.replace(/^(\w+:\/\/)?.*@/, '$1[redacted]@').slice(0, 100);
}

/** Parses the absolute path of a journal, or the URL of its PostgreSQL database. @throws Failure `usage` */
export function toJournalPlace(text: string): string {
  if (isJournalUrl(text)) {
    parseJournalUrl(text);
    return text;
  }
  // The message omits the URL, which may contain a password. A single letter before the colon is a drive of Windows.
  if (/^[a-z][\w+.-]+:\/|^[^/]*:[^/]*@/i.test(text)) {
    throw failure(
      'usage',
      'The journal can be a file or a PostgreSQL database, but no other URL.',
      'Set the path of a file, like /var/lib/kioskctl/journal.db, or a URL like postgres://kioskctl@db.bank.example/kioskctl.',
    );
  }
  if (!isAbsolute(text)) {
    throw failure(
      'usage',
      `“${printable(text)}” is not an absolute path. Each folder would have its own journal, and nothing would prevent a card from being sent twice.`,
      `Write ${printable(resolve(text))}`,
    );
  }
  const file = resolve(text);
  if (!/[\\/]$/.test(text) && !isFolder(file)) return file;
  throw failure(
    'usage',
    `${printable(file)} is a folder.`,
    `Name a file in it: ${printable(join(file, 'journal.db'))}`,
  );
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    // A parent folder is not accessible. Opening the journal reports this.
    return false;
  }
}
