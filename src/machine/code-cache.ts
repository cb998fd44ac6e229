import { isAscii } from 'node:buffer';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { crc32 } from 'node:zlib';

// Loads the files of `dist` with code that V8 compiled in earlier processes. Each command has a cache, which is written when
// the command has ended: Node's own compile cache is filled before any function has run, so that each process would
// compile hundreds of functions again.

interface Cache {
  file: string;
  /** By the name of the file, for files that are not yet loaded. */
  code: Map<string, Code>;
  /** True if the code of a loaded file was missing or rejected, or if the cache is old. */
  isStale: boolean;
}

/** The code of a file, with the checksum of the file: V8 compares only lengths. */
interface Code {
  compiled: Buffer;
  checksum: number;
}

/** Name, checksum of the file, and length of the compiled code. */
type Entry = [string, number, number];

type Wrapper = (...scope: readonly unknown[]) => void;

/** Age at which a cache is written again: with other flags, a command uses other functions. */
const RENEWED_AFTER_MS = 24 * 3_600_000;
/** Time without a change after which the caches of another version of kioskctl or Node are deleted. */
const DELETED_AFTER_MS = 30 * RENEWED_AFTER_MS;
/** Names of the folders of versions, also those of Node's own compile cache. */
const VERSION = /(^|-)v\d+\.\d+\.\d+-/;
/** Names of caches that were not completely written. */
const INCOMPLETE = /\.\d+$/;
/**
 * The scope of a file: that of a CommonJS module in Node, and `fileUrl` for `import.meta.url`. Strict, like the ESM that the
 * files were converted from.
 */
const SCOPE = Buffer.from(
  '(function (exports, require, module, __filename, __dirname, fileUrl) {"use strict";',
);
const END_OF_SCOPE = Buffer.from('\n})');
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = 8;

const modules = new Map<string, { exports: unknown }>();
const scripts = new Map<string, { script: Script; checksum: number }>();
let folder = '';
let url = '';
let cache: Cache | null = null;

/** Sets the folder of the files. @param dist absolute path */
export function loadFrom(dist: string): void {
  folder = dist;
  url = pathToFileURL(dist).href;
}

/**
 * Uses the cache of a command, if it is unchanged and only this user can write it. V8 executes whatever it contains.
 * @param place `base` is the folder of all caches, `version` that of kioskctl, `command` an id or another name
 */
export function useCache({
  base,
  version,
  command,
}: {
  base: string;
  version: string;
  command: string;
}): void {
  const { platform, arch } = process;
  const own = [version, process.version, platform, arch, process.getuid?.() ?? ''].join('-');
  const file = join(base, own, command.replaceAll(':', '-'));
  cache = { file, ...readCache(file) };
}

/**
 * Returns what a file of `dist` exports.
 * @throws Error if the file can't be read, or whatever it throws
 */
export function load(name: string): unknown {
  const known = modules.get(name);
  if (known) return known.exports;
  const path = `${folder}/${name}`;
  const source = fs.readFileSync(path);
  const checksum = crc32(source);
  const code = cache?.code.get(name);
  const script = new Script(toText(Buffer.concat([SCOPE, source, END_OF_SCOPE])), {
    filename: path,
    columnOffset: -SCOPE.length,
    cachedData: code?.checksum === checksum ? code.compiled : undefined,
  });
  if (cache && script.cachedDataRejected !== false) cache.isStale = true;
  cache?.code.delete(name);
  scripts.set(name, { script, checksum });
  const module = { exports: {} };
  modules.set(name, module);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the function of SCOPE
  const run = script.runInThisContext() as Wrapper;
  try {
    run(module.exports, requireFrom, module, path, folder, `${url}/${name}`);
    // For imports of a default.
    Object.defineProperty(module.exports, '__esModule', { value: true });
  } catch (error) {
    // Otherwise, the next load would return an incomplete module.
    modules.delete(name);
    throw error;
  }
  return module.exports;
}

/** Writes the cache if code was missing in it. Without a cache, kioskctl starts more slowly, so errors are ignored. */
export function saveCache(): void {
  if (!cache?.isStale) return;
  const { file } = cache;
  const version = dirname(file);
  const own = `${file}.${process.pid}`;
  try {
    makeFolder(version);
    if (!isPrivateFolder(version)) return;
    // Fails where nothing can be written, before the code is collected, which takes longer.
    fs.writeFileSync(own, '', { mode: 0o600 });
    const code = new Map([...readCache(file).code].filter(([name]) => fs.existsSync(join(folder, name))));
    for (const [name, { script, checksum }] of scripts)
      code.set(name, { compiled: script.createCachedData(), checksum });
    fs.writeFileSync(own, encode(code));
    fs.renameSync(own, file);
    deleteOld(version, { names: INCOMPLETE, after: RENEWED_AFTER_MS });
    deleteOld(dirname(version), { names: VERSION, after: DELETED_AFTER_MS });
  } catch {
    try {
      fs.rmSync(own, { force: true });
    } catch {
      // Its folder can't be written.
    }
  }
}

/** Decodes UTF-8. Most files are ASCII, which is decoded faster. Strings are not joined: V8 would copy them once more. */
function toText(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

function requireFrom(name: string): unknown {
  if (name.startsWith('./')) return load(name.slice('./'.length));
  return process.getBuiltinModule(name) ?? createRequire(join(folder, 'main.cjs'))(name);
}

function readCache(file: string): Omit<Cache, 'file'> {
  const none = { code: new Map<string, Code>(), isStale: true };
  try {
    if (!isPrivateFolder(dirname(file))) return none;
    const opened = fs.openSync(file, 'r');
    try {
      const stats = fs.fstatSync(opened);
      const code = isPrivate(stats) ? decode(fs.readFileSync(opened)) : null;
      return code === null ? none : { code, isStale: Date.now() - stats.mtimeMs > RENEWED_AFTER_MS };
    } finally {
      fs.closeSync(opened);
    }
  } catch {
    return none;
  }
}

/** Encodes code: a checksum of the rest, because V8 checks none; the length of the index; the index; the compiled code. */
function encode(code: ReadonlyMap<string, Code>): Buffer {
  const entries = [...code].map(([name, { compiled, checksum }]): Entry => [name, checksum, compiled.length]);
  const index = Buffer.from(JSON.stringify(entries));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(index.length, CHECKSUM_BYTES);
  const parts = [index, ...[...code.values()].map(({ compiled }) => compiled)].flatMap((part) => [
    part,
    Buffer.alloc(paddingOf(part.length)),
  ]);
  const whole = Buffer.concat([header, ...parts]);
  whole.writeUInt32LE(crc32(whole.subarray(CHECKSUM_BYTES)));
  return whole;
}

/** Reverses `encode`. @returns null if the checksum is wrong @throws RangeError if the header is not complete */
function decode(whole: Buffer): Map<string, Code> | null {
  if (whole.readUInt32LE() !== crc32(whole.subarray(CHECKSUM_BYTES))) return null;
  let at = HEADER_BYTES;
  const next = (length: number) => {
    const part = whole.subarray(at, at + length);
    at += length + paddingOf(length);
    return part;
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by `encode`
  const index = JSON.parse(next(whole.readUInt32LE(CHECKSUM_BYTES)).toString()) as Entry[];
  return new Map(index.map(([name, checksum, length]) => [name, { checksum, compiled: next(length) }]));
}

/** Returns the number of bytes after a part: V8 copies code that is not aligned. */
function paddingOf(length: number): number {
  return -length & (HEADER_BYTES - 1);
}

/** True if only this user can write the file or folder. Windows has no such permissions. */
function isPrivate({ uid, mode }: fs.Stats): boolean {
  return process.getuid === undefined || (uid === process.getuid() && (mode & 0o022) === 0);
}

/** True if only this user can write the entries of a folder. A link may lead to other files of this user. */
function isPrivateFolder(path: string): boolean {
  const stats = fs.lstatSync(path);
  return stats.isDirectory() && isPrivate(stats);
}

/** Deletes the entries of a folder that have such a name and were not changed for a time in milliseconds. */
function deleteOld(parent: string, { names, after }: { names: RegExp; after: number }): void {
  for (const name of fs.readdirSync(parent).filter((entry) => names.test(entry))) {
    const path = join(parent, name);
    if (Date.now() - fs.lstatSync(path).mtimeMs > after) fs.rmSync(path, { recursive: true, force: true });
  }
}

/** Creates a folder level by level: Node's `recursive` never ends where nothing can be created, as below /proc. */
function makeFolder(path: string): void {
  if (fs.existsSync(path)) return;
  makeFolder(dirname(path));
  fs.mkdirSync(path, { mode: 0o700 });
}
