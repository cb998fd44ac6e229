import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { expect, test } from 'vitest';

/** What each room may import from, besides itself and the rooms below those: see docs/layout.md. */
const BELOW: Record<string, string[]> = {
  commands: ['cli'],
  cli: ['cli/credentials', 'cli/completion', 'cli/reports'],
  'cli/credentials': ['cli/settings'],
  'cli/completion': ['cli/settings'],
  'cli/settings': ['cli/input'],
  'cli/reports': ['cli/output'],
  'cli/output': ['cli/input'],
  'cli/input': ['cli/io'],
  'cli/io': [
    'workflows/ordering',
    'workflows/events',
    'workflows/doctor',
    'workflows/kiosks',
    'workflows/audit',
    'workflows/runs',
  ],
  'workflows/runs': ['workflows/scenarios', 'workflows/ordering'],
  'workflows/scenarios': ['workflows', 'domain/runs'],
  'workflows/audit': ['workflows'],
  'workflows/ordering': ['workflows'],
  'workflows/events': ['workflows'],
  'workflows/doctor': ['workflows/listening'],
  'workflows/listening': ['workflows'],
  'workflows/kiosks': ['workflows'],
  workflows: ['wise', 'journal', 'webhooks', 'sandbox', 'domain/on-call', 'domain/incidents'],
  wise: ['wire'],
  journal: ['journal/rows'],
  'journal/rows': ['sqlite', 'domain/events', 'domain/runs'],
  webhooks: ['wire'],
  sandbox: ['sandbox/api'],
  'sandbox/api': ['sandbox/http', 'sandbox/machine'],
  'sandbox/http': ['sandbox/rows'],
  'sandbox/machine': ['sandbox/rows'],
  'sandbox/rows': ['sandbox/faults', 'sqlite', 'wire'],
  'sandbox/faults': ['domain'],
  sqlite: ['domain'],
  wire: ['domain/events'],
  'domain/runs': ['domain'],
  'domain/incidents': ['domain/events'],
  'domain/on-call': ['domain'],
  'domain/events': ['domain'],
  domain: ['domain/times'],
  'domain/times': ['domain/errors'],
  'domain/errors': ['domain/text'],
  'domain/text': [],
};

/** Rooms that may see the network, the disk or the process. */
const ADAPTERS = new Set(['cli', 'wise', 'journal', 'webhooks', 'sandbox', 'sqlite']);

interface Import {
  file: string;
  target: string;
}

const files = globSync('src/**/*.ts').map((file) => file.split(sep).join('/'));
const imports: Import[] = files.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) => ({
    file,
    target: target.startsWith('.')
      ? normalize(join(dirname(file), target))
          .split(sep)
          .join('/')
      : target,
  })),
);

/** The room of a file: the folder that it is in, or the next one above it that is a room. */
function roomOf(file: string): string {
  const folder = dirname(file.replace(/^src\//, ''));
  return folder in BELOW || !folder.includes('/') ? folder : roomOf(folder);
}

/** The adapter, layer or part of the command line to which a room belongs. */
function houseOf(file: string): string {
  return roomOf(file).split('/')[0] ?? '';
}

function reachable(room: string): Set<string> {
  const rooms = BELOW[room] ?? [];
  return new Set([room, ...rooms, ...rooms.flatMap((below) => [...reachable(below)])]);
}

test('imports point down only', () => {
  const wrong = imports.filter(
    ({ file, target }) => target.startsWith('src/') && !reachable(roomOf(file)).has(roomOf(target)),
  );
  expect(wrong).toEqual([]);
});

test('every room is on the map', () => {
  expect([...new Set(files.map(roomOf))].toSorted()).toEqual(Object.keys(BELOW).toSorted());
  const map = readFileSync('docs/layout.md', 'utf8');
  for (const room of Object.keys(BELOW)) expect(map, `docs/layout.md names ${room}/`).toContain(`${room}/`);
});

test('no file imports itself in a circle', () => {
  const targets = new Map(
    files.map((file) => [file, imports.filter((one) => one.file === file).map((one) => one.target)]),
  );
  const open = new Set<string>();
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string): void => {
    if (done.has(file)) return;
    if (open.has(file)) return void circles.push(file);
    open.add(file);
    for (const target of targets.get(file) ?? []) if (targets.has(target)) visit(target);
    open.delete(file);
    done.add(file);
  };
  files.forEach(visit);
  expect(circles).toEqual([]);
});

test('only adapters touch the world outside', () => {
  const wrong = imports.filter(({ file, target }) => {
    const isWorld = /^node:(fs|http|https|net|child_process|os|process|sqlite|timers)/.test(target);
    return isWorld && !ADAPTERS.has(houseOf(file));
  });
  expect(wrong).toEqual([]);
});

test('the environment is read, and the process ended, only where the layout says', () => {
  const wrong = files.filter((file) => {
    const code = readFileSync(file, 'utf8');
    return (
      /process\.env\b|process\.exit\(|\bconsole\./.test(code) &&
      !/^src\/cli\/(io|context|settings)/.test(file)
    );
  });
  expect(wrong).toEqual([]);
});

test('heavy libraries are loaded where they are used', () => {
  const heavy =
    /^import (?!type)[^;]*from '(got|ora|conf|@inquirer\/[^']*|cli-table3|csv-parse[^']*|yaml|write-file-atomic)'/m;
  const wrong = files.filter((file) => heavy.test(readFileSync(file, 'utf8')));
  expect(wrong).toEqual([]);
});
