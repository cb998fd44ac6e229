import { appendFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { watchFile } from '../../src/database/watch-file.ts';

test('a commit of another process costs a waiting process a dozen checks, and one more each second', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'kioskctl-')), 'journal.db-wal');
  writeFileSync(file, '');
  const end = new AbortController();
  let checks = 0;
  const version = () => {
    checks += 1;
    return 'unchanged';
  };
  let yields = 0;
  for await (const _ of watchFile(file, { signal: end.signal, version, watchers: new Set() })) {
    yields += 1;
    // The first one is immediate. The second one follows the reported change, after the slow poll of a second.
    if (yields === 1) appendFileSync(file, 'a commit');
    if (yields === 3) end.abort();
  }
  expect(checks).toBeLessThanOrEqual(2 + 14 + 2);
});
