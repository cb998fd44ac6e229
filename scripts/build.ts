// Bundles src into dist, with all libraries: few files, because each costs its share of the start-up. Source maps are
// written to sourcemaps, because the package does not contain them.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import {
  type BuildOptions,
  build,
  type OnResolveArgs,
  type OutputFile,
  type Plugin,
  transform,
} from 'esbuild';
import { FAILURE_CODES } from '../src/domain/errors/failure-codes.ts';
import { libraryFolders, libraryIds, thirdPartyNotices } from './notices.ts';

/**
 * Parts of libraries that kioskctl never reaches, and what they are replaced with. They cost a third of the start-up.
 * oclif traces with debug, and shows errors and stacks with ansis, clean-stack, indent-string, supports-color and wrap-ansi;
 * our help has no templates for ejs. wsl-utils gives the name of the platform on Windows. got speaks HTTP/2, caches and
 * decompresses only when it is told to. conf validates with ajv only if it gets a schema, compares versions with semver only
 * for migrations, and asks env-paths for a folder only if it gets none; env-paths needs the user's home folder when it is
 * loaded. pg has no pool, no native client and no URL here, and is told the password.
 */
const UNREACHED: Record<string, string> = {
  'ajv-formats': 'module.exports = { default: () => undefined };',
  'ajv/dist/2020.js': 'module.exports = { Ajv2020: class {} };',
  ansis: 'module.exports = {};',
  'cacheable-request': 'export default class {}\nexport class CacheError extends Error {}',
  'clean-stack': 'module.exports = (stack) => stack;',
  './utils/decompress-response.js': 'export default (response) => response;',
  './utils/http2-client.js': 'export default {};',
  debug:
    'const noop = () => {}; module.exports = () => Object.assign(noop, { enabled: false, extend: () => noop });',
  ejs: 'module.exports = {};',
  'env-paths': "module.exports = () => ({ config: '' });",
  'indent-string': 'module.exports = (text) => text;',
  'node:http2': 'module.exports = { constants: {}, Http2ServerResponse: class {} };',
  './native': 'module.exports = {};',
  'pg-cloudflare': 'module.exports = {};',
  'pg-connection-string': 'module.exports = {};',
  'pg-pool': 'module.exports = class {};',
  pgpass: 'module.exports = {};',
  semver: 'module.exports = {};',
  'supports-color': 'module.exports = { stdout: false, stderr: false };',
  'wrap-ansi': 'module.exports = (text) => text;',
  'wsl-utils': 'module.exports = {};',
};

/**
 * Parts of oclif that kioskctl never reaches: it has its own help, dispatcher and errors. The parser asks for the flag that
 * shows the help only if a command has one.
 */
const UNREACHED_IN_OCLIF =
  /@oclif\/core\/lib\/(config\/(index|config)|help\/index|errors\/handle|ux\/action\/\w+|ux\/colorize-json)\.js$/;

const withoutUnreached: Plugin = {
  name: 'without-unreached',
  setup(esbuild) {
    const names = new RegExp(`^(${Object.keys(UNREACHED).join('|')})$`);
    esbuild.onResolve({ filter: names }, ({ path, importer }) =>
      // Who opens a browser, or spins, reaches it.
      /node_modules\/(open|ora)\//.test(importer) ? undefined : { path, namespace: 'unreached' },
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'unreached' }, ({ path }) => ({
      contents: UNREACHED[path] ?? '',
    }));
    esbuild.onLoad({ filter: UNREACHED_IN_OCLIF }, () => ({ contents: 'module.exports = class {};' }));
  },
};

/**
 * Leaves out data that no command needs: the advice and meaning of failures, which only the documentation shows, and all of
 * our package.json but the version. Every command loads the rest of both.
 */
const withoutUnusedData: Plugin = {
  name: 'without-unused-data',
  setup(esbuild) {
    const exitCodes = Object.entries(FAILURE_CODES).map(([code, [exitCode]]) => [code, [exitCode]]);
    esbuild.onLoad({ filter: /errors\/failure-codes\.ts$/ }, () => ({
      contents: `export const FAILURE_CODES = ${JSON.stringify(Object.fromEntries(exitCodes))};`,
    }));
    esbuild.onLoad({ filter: /package\.json$/ }, ({ path }) => {
      if (path !== resolve('package.json')) return undefined;
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return { contents: JSON.stringify({ version }), loader: 'json' };
    });
  },
};

/** The parts of oclif that kioskctl uses, each from its own module: its index loads all of them and more. */
const OCLIF = `
export { Command } from '@oclif/core/command';
export * as Args from '@oclif/core/args';
export * as Flags from '@oclif/core/flags';`;

const partsOfOclif: Plugin = {
  name: 'parts-of-oclif',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^@oclif\/core$/ }, () => ({ path: 'parts', namespace: 'oclif' }));
    esbuild.onLoad({ filter: /.*/, namespace: 'oclif' }, () => ({
      contents: OCLIF,
      resolveDir: process.cwd(),
    }));
  },
};

/**
 * Node's own modules are fetched at the first use of one of their exports. An ESM import would load them at once, and
 * touch every export, which in node:http alone loads its WebSocket and fetch (20 ms, most of a Node start).
 * An imported name stays a property access in the bundle, which falls through to the prototype: a proxy that loads.
 * Each importer has a copy of its own: a shared one would be one more file.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(esbuild) {
    esbuild.onResolve({ filter: /.*/ }, ({ path, kind, importer }) =>
      isBuiltin(path) && (kind === 'import-statement' || importer.includes('@oclif/core'))
        ? { path, namespace: 'builtin', suffix: `?${fromHere(importer).replaceAll('node_modules', '')}` }
        : undefined,
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path, suffix }) => ({
      contents:
        path === 'node:tls' && suffix.endsWith('/got/dist/source/core/options.js')
          ? TLS_OF_GOT
          : `module.exports = lateBuiltin(${JSON.stringify(path)});`,
    }));
  },
};

/** Returns the path of a file from the folder of the project, so that the bundle is the same wherever it is built. */
function fromHere(file: string): string {
  return relative('.', file).replaceAll('\\', '/');
}

/** got names the default check of certificates in the options of each request, also of one without TLS. */
const TLS_OF_GOT = `
export const checkServerIdentity = (...given) => process.getBuiltinModule('node:tls').checkServerIdentity(...given);`;

/** Embeds the scripts for browsers as minified text. */
const scriptsAsText: Plugin = {
  name: 'scripts-as-text',
  setup(esbuild) {
    esbuild.onLoad({ filter: /-client\.js$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, 'utf8'), { minify: true, target: 'es2022' });
      return { contents: code, loader: 'text' };
    });
  },
};

/** Makes the exports of `lazyBuiltins`. It is in each file, and much shorter than one for each import. */
const LATE_BUILTIN =
  '(id, m) => Object.create(new Proxy({}, {get: (_, k) => (m ??= require(id))[k], has: (_, k) => k in (m ??= require(id))}))';

/**
 * Modules that are loaded on demand, by the name of the file in which they come together. A file costs half a millisecond of
 * the start-up, and so does each one that esbuild makes for what only some of them share.
 */
const TOGETHER: Record<string, { modules: readonly string[]; commands?: readonly string[] }> = {
  help: { modules: ['cli/help/help', 'cli/help/surface', 'cli/help/unknown-command'] },
  completion: { modules: ['cli/completion/complete', 'cli/help/topics'] },
  // The dispatcher, with the commands that need no context.
  dispatch: { modules: ['cli/dispatch'], commands: ['completion', 'explain', 'version'] },
  // What people and scripts run all the time. Without the other commands it starts a tenth faster.
  'usual-commands': {
    modules: ['cli/open-context', 'cli/production-guard', 'cli/terminal/reader-end'],
    commands: [
      'cancel',
      'kiosk/list',
      'kiosk/show',
      'order',
      'produce',
      'retry',
      'sandbox/index',
      'simulate',
      'status',
      'wait-produced',
      'wait-ready',
    ],
  },
  // All commands: the manifest is made from it.
  commands: {
    modules: [
      ...['github', 'html', 'json', 'junit', 'markdown'].map((format) => `runs/reports/${format}`),
      'http/admin-server',
      'journal/journal-server',
      'queue/job-queue',
      'webhooks/forwarder',
      'webhooks/receiver',
    ],
    commands: allCommands(),
  },
};

/** Makes the files of TOGETHER. */
const filesOnDemand: Plugin = {
  name: 'files-on-demand',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^\.+\// }, (imported) => {
      const file = fileOnDemand(imported);
      return file === undefined ? undefined : { path: file, namespace: 'together' };
    });
    esbuild.onResolve({ filter: /^together:/ }, ({ path }) => ({
      path: path.slice('together:'.length),
      namespace: 'together',
    }));
    esbuild.onLoad({ filter: /.*/, namespace: 'together' }, ({ path }) => {
      const { modules = [], commands = [] } = TOGETHER[path] ?? {};
      return {
        contents: [
          ...modules.map((module) => `export * from './src/${module}.ts';`),
          ...(commands.length === 0 ? [] : [exportCommands(commands)]),
        ].join('\n'),
        resolveDir: process.cwd(),
      };
    });
  },
};

/** Loads modules on demand from their files, by `load`, which has a file of its own: the version needs none of it. */
const filesFromCache: Plugin = {
  name: 'files-from-cache',
  setup(esbuild) {
    esbuild.onResolve({ filter: /\/code-cache\.(ts|cjs)$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './code-cache.cjs', external: true },
    );
    esbuild.onResolve({ filter: /^\.+\// }, (imported) => {
      const file = fileOnDemand(imported);
      return file === undefined ? undefined : { path: file, namespace: 'loaded' };
    });
    esbuild.onLoad({ filter: /.*/, namespace: 'loaded' }, ({ path }) => ({
      contents: `module.exports = require('./code-cache.cjs').load('${path}.cjs');`,
    }));
  },
};

/** Returns the file of a module that is imported on demand; undefined for other imports. */
function fileOnDemand({ path, kind, resolveDir }: OnResolveArgs): string | undefined {
  if (kind !== 'dynamic-import') return undefined;
  const module = relative('src', resolve(resolveDir, path)).replace(/\.ts$/, '');
  return Object.entries(TOGETHER).find(([, { modules }]) => modules.includes(module))?.[0];
}

/** Returns the names of all commands: a file a command, its path its name. */
function allCommands(): string[] {
  return globSync('src/commands/**/*.ts')
    .map((file) => file.slice('src/commands/'.length, -'.ts'.length))
    .toSorted();
}

/** Returns the ids of the commands in each file. A command of several files is in the last one, too. */
function commandsInFiles(): Record<string, string[]> {
  const smallestLast = Object.entries(TOGETHER).toReversed();
  return Object.fromEntries(
    smallestLast.flatMap(([file, { commands }]) => (commands ? [[`${file}.cjs`, commands.map(idOf)]] : [])),
  );
}

function idOf(name: string): string {
  return name.replace(/\/index$/, '').replaceAll('/', ':');
}

function exportCommands(names: readonly string[]): string {
  return [
    ...names.map((name, index) => `import command${index} from './src/commands/${name}.ts';`),
    'export const COMMANDS = {',
    ...names.map((name, index) => `${JSON.stringify(idOf(name))}: command${index},`),
    '};',
  ].join('\n');
}

/**
 * @sindresorhus/is, below got, makes two of Node's list formatters when it is loaded, for messages that nobody sees;
 * making the first one reads locale data for 10 ms.
 */
const PLAIN_LIST_FORMAT = 'class { format(list) { return [...list].join(", "); } }';

const COMMON = {
  outdir: 'dist',
  bundle: true,
  minify: !process.env.NOMIN,
  platform: 'node',
  target: 'node24',
  // Where node_modules is a link, the bundle is still the same.
  preserveSymlinks: true,
  sourcemap: 'external',
  metafile: true,
  write: false,
  logLevel: 'warning',
} as const satisfies BuildOptions;

const program = await build({
  ...COMMON,
  entryPoints: Object.fromEntries(Object.keys(TOGETHER).map((file) => [file, `together:${file}`])),
  chunkNames: '[name]-[hash]',
  splitting: true,
  format: 'esm',
  outExtension: { '.js': '.cjs' },
  sourcemap: 'inline',
  // Native, and not everywhere; optional.
  external: ['@napi-rs/keyring', 'graphile-worker'],
  banner: { js: `const PlainListFormat = ${PLAIN_LIST_FORMAT}, lateBuiltin = ${LATE_BUILTIN};` },
  define: {
    'Intl.ListFormat': 'PlainListFormat',
    'process.env.NODE_PG_FORCE_NATIVE': 'undefined',
    'import.meta.url': 'fileUrl',
  },
  loader: { '.css': 'text' },
  plugins: [partsOfOclif, filesOnDemand, withoutUnreached, withoutUnusedData, scriptsAsText, lazyBuiltins],
});

/** The start of the program. The rest is loaded by `load` (`src/machine/code-cache.ts`). */
const main = await build({
  ...COMMON,
  entryPoints: { main: 'src/cli/main.ts', 'code-cache': 'src/machine/code-cache.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  define: { COMMANDS_IN_FILES: JSON.stringify(commandsInFiles()) },
  // `import` would start Node's loader of ESM.
  supported: { 'dynamic-import': false },
  banner: { js: `const lateBuiltin = ${LATE_BUILTIN};` },
  plugins: [filesFromCache, withoutUnusedData, lazyBuiltins],
});

/** esbuild copies the exports for other formats, with a getter for each getter. `load` needs no copy. */
const COPY_OF_EXPORTS = /module\.exports ?= ?[\w$]+\(([\w$]+)\);/;

function withoutCopy(copy: string, exported: string): string {
  return `module.exports=${exported};`.padEnd(copy.length);
}

/**
 * Converts the files of the program to CommonJS, of which V8 keeps the compiled code. esbuild splits only ESM. An import on
 * demand becomes a call of `require`, after a turn. What replaces code has its length, or source maps would be wrong.
 * @returns contents by path
 */
async function scriptsOf(outputs: readonly OutputFile[]): Promise<[string, string][]> {
  const converted = outputs.map(async ({ path, text }): Promise<[string, string][]> => {
    const file = relative('dist', path);
    const { code, map } = await transform(text, {
      format: 'cjs',
      platform: 'node',
      target: COMMON.target,
      minify: COMMON.minify,
      sourcemap: 'external',
      sourcefile: file,
      supported: { 'dynamic-import': false },
    });
    return [
      [join('dist', file), code.replace(COPY_OF_EXPORTS, withoutCopy)],
      [join('sourcemaps', `${file}.map`), map],
    ];
  });
  return (await Promise.all(converted)).flat();
}

/** `kioskctl/testing`, once: the module for `import` passes on what the one for `require` exports. */
const testing = await build({
  ...COMMON,
  entryPoints: { 'testing/index': 'src/testing/start-sandbox.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
});
const testingModule = "import testing from './index.cjs';\nexport const { startSandbox } = testing;\n";
const testingTypes = readFileSync('src/testing/api.ts', 'utf8');

const inputs = { ...program.metafile.inputs, ...main.metafile.inputs, ...testing.metafile.inputs };
const libraries = libraryFolders(Object.keys(inputs));
const files = new Map<string, string | Uint8Array>([
  ...(await scriptsOf(program.outputFiles)),
  ...[main, testing]
    .flatMap(({ outputFiles }) => outputFiles)
    .map(({ path, contents }) => {
      const folder = path.endsWith('.map') ? 'sourcemaps' : 'dist';
      return [join(folder, relative('dist', path)), contents] as const;
    }),
  ['dist/testing/index.js', testingModule],
  ['dist/testing/index.d.ts', testingTypes],
  ['dist/testing/index.d.cts', testingTypes],
  ['dist/third-party-notices.txt', thirdPartyNotices(libraries)],
  // For the bill of materials (scripts/release/sbom.ts).
  ['sourcemaps/libraries.json', `${JSON.stringify(libraryIds(libraries), null, 2)}\n`],
]);
for (const [file, contents] of files) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, contents);
}
// What an earlier build left goes last: a command that runs meanwhile finds its files.
for (const { parentPath, name } of globSync('{dist,sourcemaps}/**/*', { withFileTypes: true }).filter(
  (entry) => entry.isFile(),
)) {
  const file = relative('.', join(parentPath, name));
  if (!files.has(file)) rmSync(file, { force: true });
}
