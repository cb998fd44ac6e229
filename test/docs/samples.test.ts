// The samples of the documentation come from a run: `npx vitest run test/docs -u` writes those that differ from this one.
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { drawSession, linesOf, PICTURE } from '../../scripts/picture.ts';
import { rerun } from '../harness/console.ts';
import { User } from '../harness/program.ts';
import { masked } from '../harness/samples.ts';
import { ServedSandbox } from '../harness/served.ts';

const ROOT = join(import.meta.dirname, '../..');
const words = (picture: string) => linesOf(picture).map(masked).join(' ').split(/\s+/);

const pages = ['README.md', ...globSync('docs/*.md', { cwd: ROOT })].filter((page) =>
  readFileSync(join(ROOT, page), 'utf8').includes('```console\n'),
);

// A page has up to twenty commands, each in a process of its own.
describe.concurrent('the documentation', { timeout: 120_000 }, () => {
  test.for(pages)('every sample of %s is the output of its command', async (page, { expect }) => {
    const home = mkdtempSync(join(tmpdir(), `kioskctl-${basename(page, '.md')}-`));
    const text = readFileSync(join(ROOT, page), 'utf8');
    const server = text.includes('$SANDBOX_URL') ? await serve() : null;
    try {
      const env = { KIOSKCTL_SANDBOX_SPEED: '50', ...(server && { SANDBOX_URL: server.url }) };
      await expect(await rerun(text, { home, env })).toMatchFileSnapshot(join(ROOT, page));
    } finally {
      await server?.close();
      rmSync(home, { recursive: true, force: true });
    }
  });

  test('the picture of the README is a session of kioskctl as it is now (npm run picture)', async () => {
    // Where a line is broken depends on the length of the home folder.
    const now = words(await drawSession());
    expect(words(readFileSync(PICTURE, 'utf8'))).toEqual(now);
    expect(now.length).toBeGreaterThan(100);
  });
});

/** Serves a sandbox over HTTP, for pages that connect to one. */
async function serve() {
  const user = new User();
  const sandbox = await ServedSandbox.open(user);
  return {
    url: sandbox.url,
    async close() {
      await sandbox.close();
      user.leave();
    },
  };
}
