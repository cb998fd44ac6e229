#!/usr/bin/env node
import { existsSync, mkdirSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(`kioskctl needs Node 24 or newer; this is ${process.version}.\n`);
  process.exit(2);
}
const { KIOSKCTL_HOME, XDG_CACHE_HOME } = process.env;
const cache = KIOSKCTL_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'kioskctl');
const compileCache = join(cache, 'compile-cache');
// Level by level: Node's own `recursive` never ends where nothing can be made, as below /proc.
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
try {
  makeFolder(compileCache);
  module.enableCompileCache(compileCache);
} catch {
  // Without a cache it starts more slowly.
}
const { main } = await import('../dist/main.js');
await main(fileURLToPath(new URL('..', import.meta.url)));
