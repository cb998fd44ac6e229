import { appendFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function noteIn(word: string): void {
  appendFileSync(join(tmpdir(), 'notes'), `${word}\n`);
}
