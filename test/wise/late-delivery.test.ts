// What the kernel does with a request that was written while the network was down.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const SCRIPT = join(import.meta.dirname, 'late-delivery.ts');
/** A namespace of its own, so that cutting the network touches nothing else. */
const IN_NAMESPACE = ['--net', '--map-root-user', '--user'];

const isPossible = spawnSync('unshare', [...IN_NAMESPACE, 'ip', 'link', 'set', 'lo', 'up']).status === 0;

async function deliveredAfter(end: 'kill' | 'reset'): Promise<string> {
  const { stdout } = await promisify(execFile)('unshare', [...IN_NAMESPACE, process.execPath, SCRIPT, end]);
  return stdout;
}

test.each([
  ['kill', 'is delivered after its process was killed, once the network is back', 'late'],
  ['reset', 'is never delivered after its connection was reset', 'never'],
] as const)(
  'a request that was written while the network was down (%s) %s',
  async (end, what, expected) => {
    if (isPossible) expect(await deliveredAfter(end)).toBe(expected);
    else
      process.stderr.write(
        `not tried, because network namespaces are not possible here: a request ${what}\n`,
      );
  },
  60_000,
);
