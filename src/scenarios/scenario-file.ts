import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Files } from '../context/files.ts';
import { type Failure, failure } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import type { RunRecord } from '../domain/run.ts';
import { printable } from '../domain/text/terminal-text.ts';
import { asSentence, nearestOf } from '../domain/text/words.ts';
import { type Diagnostic, firstOf, inOrder, type LocatedDiagnostic, locate } from '../input/diagnostic.ts';
import { parseYaml, YAML_LIMIT_BYTES } from '../input/yaml-file.ts';
import { fromRoot } from '../machine/system.ts';
import { builtInFile, builtInScenarios } from './built-in-scenarios.ts';
import { checkScenario } from './check-scenario.ts';
import { withoutColon } from './read-steps.ts';
import type { Scenario } from './scenario.ts';
import { STEP_WORDS } from './steps/definitions.ts';

export interface ScenarioSources {
  /** Folder of the package, with the built-in scenarios. */
  root: string;
  files: Files;
}

interface ReadScenario {
  /** The scenario; null if it has mistakes. */
  scenario: Scenario | null;
  /** At most 100 mistakes, by line. */
  mistakes: LocatedDiagnostic[];
  source: RunRecord['source'];
  /** SHA-256 of the text, in hex. */
  fingerprint: string;
  text: string;
  /** Returns the line and column of a step or mistake. */
  placeOf: (path: Diagnostic['path'], at?: Diagnostic['at']) => { line: number; column: number };
}

export interface UsableScenario extends ReadScenario {
  scenario: Scenario;
}

/** Matches a step line without a colon after its keyword. */
const BARE_STEP = /^ *(?:- +)+([\w-]+)(?: +((?:[^#:]|:\S)*[^#:\s]))?\s*(?:#.*)?$/;
const LONGEST_STEP = 200;

const BUILT_IN_NAME = /^[a-z0-9-]+$/;

/** Reads all built-in scenarios, sorted by name. */
export async function readBuiltIns(sources: ScenarioSources): Promise<Scenario[]> {
  const read = await Promise.all(builtInScenarios(sources).map(async (name) => readScenario(name, sources)));
  return read.flatMap(({ scenario }) => (scenario ? [scenario] : []));
}

/** Returns the text of a built-in scenario. @throws Failure `usage` for an unknown name */
export function builtInText(name: string, sources: ScenarioSources): string {
  const source = BUILT_IN_NAME.test(name) ? findScenario(name, sources) : null;
  if (source?.kind !== 'built-in') throw noScenario(name, builtInScenarios(sources));
  return readFile(builtInFile(source.name, sources.root), sources.files);
}

/** Returns the JSON Schema of scenario files. */
export function schemaText({ root, files }: ScenarioSources): string {
  return readFile(join(root, 'schemas', 'scenario.json'), files);
}

/**
 * Reads a built-in scenario, or a YAML or JSON file.
 * @throws Failure `usage` for an unknown name, `invalid-input` for an unreadable file
 */
export async function readScenario(nameOrFile: string, sources: ScenarioSources): Promise<ReadScenario> {
  const source = findScenario(nameOrFile, sources);
  const file = source.kind === 'file' ? nameOrFile : builtInFile(source.name, sources.root);
  const text = readFile(file, sources.files);
  const { content, mistakes, placeOf } = await parseYaml(text);
  const checked = content === undefined ? null : checkScenario(content);
  const found = [
    ...mistakes.map((mistake) =>
      content === undefined ? (missingColon(mistake, text) ?? withQuotesHint(mistake, text)) : mistake,
    ),
    ...locate(checked?.mistakes ?? [], placeOf),
  ];
  return {
    scenario: mistakes.length > 0 ? null : (checked?.scenario ?? null),
    mistakes: inOrder(found),
    source,
    fingerprint: createHash('sha256').update(text).digest('hex'),
    text,
    placeOf: (path, at = 'value') => placeOf({ path, at }),
  };
}

function readFile(file: string, files: Files): string {
  return files.readText(file, { limit: YAML_LIMIT_BYTES, what: 'scenario' });
}

/** Reads a scenario to run. @throws Failure also for a scenario with mistakes */
export async function readUsableScenario(
  nameOrFile: string,
  sources: ScenarioSources,
): Promise<UsableScenario> {
  const { scenario, ...read } = await readScenario(nameOrFile, sources);
  if (scenario === null) throw scenarioUnusable(nameOrFile, read.mistakes);
  return { ...read, scenario };
}

/** Creates the failure for a scenario with mistakes. */
export function scenarioUnusable(nameOrFile: string, mistakes: readonly LocatedDiagnostic[]): Failure {
  const check = commandLine(['scenario', 'check', nameOrFile], { flags: [] });
  return failure(
    'invalid-input',
    asSentence(`The scenario ${printable(nameOrFile)} can't be used: ${firstOf(mistakes)}`),
    `See all that is wrong with it: ${check}`,
  );
}

function findScenario(nameOrFile: string, sources: ScenarioSources): RunRecord['source'] {
  if (!BUILT_IN_NAME.test(nameOrFile)) return { kind: 'file', path: fromRoot(nameOrFile) };
  const names = builtInScenarios(sources);
  if (names.includes(nameOrFile)) return { kind: 'built-in', name: nameOrFile };
  if (sources.files.size(nameOrFile) !== null) return { kind: 'file', path: fromRoot(nameOrFile) };
  throw noScenario(nameOrFile, names);
}

function noScenario(name: string, names: readonly string[]): Failure {
  const meant = nearestOf(name, names);
  const nearest = meant.length > 0 ? `Did you mean ${meant.join(' or ')}? ` : '';
  return failure(
    'usage',
    `There is no scenario “${printable(name)}”.`,
    `${nearest}kioskctl scenario list shows the built-in scenarios. To run a file, write its name with a dot or a slash.`,
  );
}

/**
 * Detects a step without a colon after its keyword, which YAML parses as plain text.
 * @returns the mistake with a clearer message; null if no colon is missing
 */
function missingColon(mistake: LocatedDiagnostic, text: string): LocatedDiagnostic | null {
  const lines = text.split('\n', mistake.line + 1);
  for (const line of [mistake.line, mistake.line - 1]) {
    const [, word = '', rest = ''] = BARE_STEP.exec((lines[line - 1] ?? '').slice(0, LONGEST_STEP)) ?? [];
    const column = (lines[line - 1] ?? '').indexOf(word) + 1;
    const next = lines[line] ?? '';
    const isBeside = /^ *[\w-]+:(?:\s|$)/.test(next) && next.slice(0, column - 2).trim() === '';
    if (STEP_WORDS.includes(word) && isBeside)
      return { ...mistake, line, column, message: withoutColon(word, rest) };
  }
  return null;
}

/** Adds a hint about quotes: inside braces or brackets, the closing brace of `${…}` ends unquoted YAML text. */
function withQuotesHint(mistake: LocatedDiagnostic, text: string): LocatedDiagnostic {
  const line = text.split('\n', mistake.line)[mistake.line - 1] ?? '';
  const around = line.slice(Math.max(0, mistake.column - 40), mistake.column + 10);
  if (!around.includes('${')) return mistake;
  return { ...mistake, message: `${mistake.message}; put text with \${…} in quotes` };
}
