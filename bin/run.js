#!/usr/bin/env node
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  process.stderr.write(`kioskctl needs Node 24 or newer; this is ${process.version}.\n`);
  process.exit(2);
}
// Not imported: that would touch all that a module of Node's exports, and load streams and more for it.
const { existsSync, mkdirSync } = process.getBuiltinModule('node:fs');
const { userInfo } = process.getBuiltinModule('node:os');
const { dirname, isAbsolute, join } = process.getBuiltinModule('node:path');
const { fileURLToPath } = process.getBuiltinModule('node:url');
// An empty or relative path counts as unset.
const absolute = (path) => (path && isAbsolute(path) ? path : undefined);
const { HOME, KIOSKCTL_HOME, XDG_CACHE_HOME } = process.env;
function cacheFolder() {
  if (KIOSKCTL_HOME) return absolute(KIOSKCTL_HOME);
  const caches = absolute(XDG_CACHE_HOME) ?? join(absolute(HOME) ?? userInfo().homedir, '.cache');
  return join(caches, 'kioskctl');
}
// Level by level: Node's own `recursive` never ends where nothing can be made, as below /proc.
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
try {
  const compileCache = join(cacheFolder(), 'compile-cache');
  makeFolder(compileCache);
  process.getBuiltinModule('node:module').enableCompileCache(compileCache);
} catch {
  // Without a cache it starts more slowly.
}
const { main } = await import('../dist/main.js');
await main(fileURLToPath(new URL('..', import.meta.url)));
