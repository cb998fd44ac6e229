// The version of kioskctl that action.yml installs, with the checksum of its package.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FILE = fileURLToPath(new URL('../../action.yml', import.meta.url));

interface Pinned {
  version: string;
  /** SHA-256 of the package, in hexadecimal digits. */
  checksum: string;
}

const defaultOf = (input: string) =>
  new RegExp(`(?<=^ {2}${input}:\\n(?: {4}.*\\n)*? {4}default: ').*(?='$)`, 'm');

export function readPinned(): Pinned {
  const text = readFileSync(FILE, 'utf8');
  const valueOf = (input: string) => defaultOf(input).exec(text)?.[0] ?? '';
  return { version: valueOf('version'), checksum: valueOf('checksum') };
}

export function writePinned({ version, checksum }: Pinned): void {
  const text = readFileSync(FILE, 'utf8');
  writeFileSync(FILE, text.replace(defaultOf('version'), version).replace(defaultOf('checksum'), checksum));
}
