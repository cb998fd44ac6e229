// Bundles src into dist, with all libraries: few files, because each costs its share of the start-up.
import { globSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { build, type Plugin } from 'esbuild';
import { thirdPartyNotices } from './notices.ts';

/**
 * Parts of oclif and got that kioskctl never reaches, and what they are replaced with. They cost a third of the start-up.
 * - oclif looks for commands with tinyglobby and minimatch only without a manifest, and for its configuration with
 *   lilconfig only in plugins; semver serves its plugin updates; debug its traces; wsl-utils the name of the platform on
 *   Windows.
 * - got speaks HTTP/2 only when it is told to.
 */
const UNREACHED: Record<string, string> = {
  debug:
    'const noop = () => {}; module.exports = () => Object.assign(noop, { enabled: false, extend: () => noop });',
  lilconfig: 'module.exports = {};',
  minimatch: 'module.exports = {};',
  'node:http2': 'module.exports = { constants: {}, Http2ServerResponse: class {} };',
  semver: 'module.exports = {};',
  tinyglobby: 'module.exports = {};',
  'wsl-utils': 'module.exports = {};',
};

const withoutUnreached: Plugin = {
  name: 'without-unreached',
  setup(esbuild) {
    const names = new RegExp(`^(${Object.keys(UNREACHED).join('|')})$`);
    esbuild.onResolve({ filter: names }, ({ path }) => ({ path, namespace: 'unreached' }));
    esbuild.onLoad({ filter: /.*/, namespace: 'unreached' }, ({ path }) => ({
      contents: UNREACHED[path] ?? '',
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

/**
 * All commands in one module, by their ids: a file a command, its path its name. oclif loads `COMMANDS` from it; the
 * dispatcher and the completion, which main imports when they are needed, live in the same file.
 */
const allCommands: Plugin = {
  name: 'all-commands',
  setup(esbuild) {
    esbuild.onResolve(
      { filter: /^all-commands$|^\.\/dispatch\.ts$|^\.\/completion\/complete\.ts$/ },
      ({ kind }) =>
        kind === 'import-statement' ? undefined : { path: 'all-commands', namespace: 'all-commands' },
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'all-commands' }, () => {
      const files = globSync('src/commands/**/*.ts').toSorted();
      const ids = files.map((file) =>
        file.slice('src/commands/'.length, -'.ts'.length).replace(/\/index$/, ''),
      );
      const contents = [
        "export { dispatch } from './src/cli/dispatch.ts';",
        "export { complete } from './src/cli/completion/complete.ts';",
        ...files.map((file, index) => `import command${index} from './${file}';`),
        'export const COMMANDS = {',
        ...ids.map((id, index) => `${JSON.stringify(id.replaceAll('/', ':'))}: command${index},`),
        '};',
      ].join('\n');
      return { contents, resolveDir: process.cwd() };
    });
  },
};

/**
 * @sindresorhus/is, below got, makes two of Node's list formatters when it is loaded, for messages that nobody sees;
 * making the first one reads locale data for 10 ms.
 */
const PLAIN_LIST_FORMAT = 'class { format(list) { return [...list].join(", "); } }';

const { metafile } = await build({
  entryPoints: { main: 'src/cli/main.ts', commands: 'all-commands' },
  outdir: 'dist',
  chunkNames: '[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: !process.env.NOMIN,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  banner: { js: `${COMMONJS_SCOPE}\nconst PlainListFormat = ${PLAIN_LIST_FORMAT};` },
  define: { 'Intl.ListFormat': 'PlainListFormat' },
  plugins: [allCommands, withoutUnreached, lazyBuiltins],
  metafile: true,
  logLevel: 'warning',
});
writeFileSync('dist/third-party-notices.txt', thirdPartyNotices(metafile));
// What an earlier build left goes last: a command that runs meanwhile finds its files.
const built = new Set([...Object.keys(metafile.outputs), 'dist/third-party-notices.txt']);
for (const file of globSync('dist/**/*').filter((name) => !built.has(name)))
  rmSync(file, { recursive: true, force: true });
