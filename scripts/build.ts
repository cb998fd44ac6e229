// Bundles src into dist, with all libraries: few files, because each costs its share of the start-up. Source maps are
// written to sourcemaps, because the package does not contain them.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { thirdPartyNotices } from './notices.ts';

/**
 * Parts of libraries that kioskctl never reaches, and what they are replaced with. They cost a third of the start-up.
 * oclif looks for commands with tinyglobby and minimatch only without a manifest, and for its configuration with
 * lilconfig only in plugins; semver serves its plugin updates; debug its traces; wsl-utils the name of the platform on
 * Windows. Nothing starts its spinners or shows its stacks, and our help has no templates for ejs. got speaks HTTP/2 only
 * when it is told to. conf validates with ajv only if it gets a schema, and asks env-paths for a folder only if it gets
 * none; env-paths needs the user's home folder when it is loaded.
 */
const UNREACHED: Record<string, string> = {
  'ajv-formats': 'module.exports = { default: () => undefined };',
  'ajv/dist/2020.js': 'module.exports = { Ajv2020: class {} };',
  'clean-stack': 'module.exports = (stack) => stack;',
  'cli-spinners': 'module.exports = { dots: {}, dots2: {} };',
  debug:
    'const noop = () => {}; module.exports = () => Object.assign(noop, { enabled: false, extend: () => noop });',
  ejs: 'module.exports = {};',
  'env-paths': "module.exports = () => ({ config: '' });",
  lilconfig: 'module.exports = {};',
  minimatch: 'module.exports = {};',
  'node:http2': 'module.exports = { constants: {}, Http2ServerResponse: class {} };',
  semver: 'module.exports = {};',
  tinyglobby: 'module.exports = {};',
  'wsl-utils': 'module.exports = {};',
};

/**
 * Answers of the system that oclif only shows or derives unused folders from. Its own questions fail for a user without an
 * entry in the list of users, before any error is handled.
 */
const SYSTEM_OF_OCLIF = `
exports.getHomeDir = () => '/';
exports.getPlatform = async () => process.platform;
exports.getShell = async () => 'unknown';`;

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
    esbuild.onLoad({ filter: /@oclif\/core\/lib\/util\/os\.js$/ }, () => ({ contents: SYSTEM_OF_OCLIF }));
  },
};

/** The parts of oclif that kioskctl uses, each from its own module: its index loads all of them and more. */
const OCLIF = `
export { Command } from '@oclif/core/command';
export { Config } from '@oclif/core/config';
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
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup(esbuild) {
    esbuild.onResolve({ filter: /.*/ }, ({ path, kind }) =>
      isBuiltin(path) && kind === 'import-statement' ? { path, namespace: 'builtin' } : undefined,
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `
        let loaded;
        const load = () => (loaded ??= process.getBuiltinModule(${JSON.stringify(path)}));
        module.exports = Object.create(new Proxy({}, { get: (_, name) => load()[name], has: (_, name) => name in load() }));`,
    }));
  },
};

/** What CommonJS code in the bundle finds in its scope. */
const COMMONJS_SCOPE = `
const { createRequire: __createRequire } = process.getBuiltinModule('node:module');
const require = __createRequire(import.meta.url);
const { fileURLToPath: __fileURLToPath } = process.getBuiltinModule('node:url');
const __filename = __fileURLToPath(import.meta.url);
const __dirname = process.getBuiltinModule('node:path').dirname(__filename);`;

/** What people and scripts run all the time. Without the other commands it starts a tenth faster. */
const USUAL = new Set([
  'cancel',
  'explain',
  'kiosk/list',
  'kiosk/show',
  'order',
  'produce',
  'retry',
  'simulate',
  'status',
  'wait-produced',
  'wait-ready',
]);

/**
 * Commands in one module, by their ids: a file a command, its path its name. `commands` has all of them, and oclif loads
 * `COMMANDS` from it. `usual-commands` has those that are usual, with the dispatcher and the completion, which main
 * imports when they are needed; the dispatcher looks there first.
 */
const commandModules: Plugin = {
  name: 'command-modules',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^all-commands$/ }, () => ({ path: 'all', namespace: 'commands' }));
    esbuild.onResolve(
      { filter: /^usual-commands$|^\.\/dispatch\.ts$|^\.\/completion\/complete\.ts$/ },
      ({ kind }) => (kind === 'import-statement' ? undefined : { path: 'usual', namespace: 'commands' }),
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'commands' }, ({ path }) => ({
      contents: path === 'all' ? exportCommands(() => true) : exportUsual(),
      resolveDir: process.cwd(),
    }));
  },
};

function exportUsual(): string {
  return [
    "export { dispatch } from './src/cli/dispatch.ts';",
    "export { complete } from './src/cli/completion/complete.ts';",
    exportCommands((id) => USUAL.has(id)),
  ].join('\n');
}

function exportCommands(isMeant: (id: string) => boolean): string {
  const files = globSync('src/commands/**/*.ts').toSorted();
  const commands = files
    .map((file) => ({ file, id: file.slice('src/commands/'.length, -'.ts'.length).replace(/\/index$/, '') }))
    .filter(({ id }) => isMeant(id));
  return [
    ...commands.map(({ file }, index) => `import command${index} from './${file}';`),
    'export const COMMANDS = {',
    ...commands.map(({ id }, index) => `${JSON.stringify(id.replaceAll('/', ':'))}: command${index},`),
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
  sourcemap: 'external',
  metafile: true,
  write: false,
  logLevel: 'warning',
} as const satisfies BuildOptions;

const program = await build({
  ...COMMON,
  entryPoints: { main: 'src/cli/main.ts', commands: 'all-commands', 'usual-commands': 'usual-commands' },
  chunkNames: '[name]-[hash]',
  splitting: true,
  format: 'esm',
  // Native, and not everywhere.
  external: ['@napi-rs/keyring'],
  banner: { js: `${COMMONJS_SCOPE}\nconst PlainListFormat = ${PLAIN_LIST_FORMAT};` },
  define: { 'Intl.ListFormat': 'PlainListFormat' },
  loader: { '.css': 'text' },
  plugins: [partsOfOclif, commandModules, withoutUnreached, lazyBuiltins],
});

/** `kioskctl/testing`, once: the module for `import` passes on what the one for `require` exports. */
const testing = await build({
  ...COMMON,
  entryPoints: { 'testing/index': 'src/testing/start-sandbox.ts' },
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
});
const testingModule = "import testing from './index.cjs';\nexport const { startSandbox } = testing;\n";
const testingTypes = readFileSync('src/testing/api.ts', 'utf8');

const inputs = { ...program.metafile.inputs, ...testing.metafile.inputs };
const files = new Map<string, string | Uint8Array>([
  ...[...program.outputFiles, ...testing.outputFiles].map(({ path, contents }) => {
    const folder = path.endsWith('.map') ? 'sourcemaps' : 'dist';
    return [join(folder, relative('dist', path)), contents] as const;
  }),
  ['dist/testing/index.js', testingModule],
  ['dist/testing/index.d.ts', testingTypes],
  ['dist/testing/index.d.cts', testingTypes],
  ['dist/third-party-notices.txt', thirdPartyNotices(Object.keys(inputs))],
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
