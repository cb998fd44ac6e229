// publisher.json: what only the publisher of the package knows. Its placeholders are marked by the word.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Publisher {
  /** The address of the repository, without `.git`. */
  repository: string;
  /** The address for reports of vulnerabilities. */
  securityContact: string;
  /** The npm account that owns the package. */
  npmOwner: string;
}

export function readPublisher(): Publisher {
  const file = fileURLToPath(new URL('../../publisher.json', import.meta.url));
  return JSON.parse(readFileSync(file, 'utf8')) as Publisher;
}

/** Returns the names of the fields that nobody has filled in yet. */
export function placeholdersOf(publisher: Publisher): string[] {
  return Object.entries(publisher)
    .filter(([, value]) => /placeholder/i.test(value) || value.trim() === '')
    .map(([name]) => name);
}
