import { statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { type Failure, failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { firstOf, isMapping } from '../../input/diagnostic.ts';
import { parseYaml } from '../../input/yaml-file.ts';
import { homeFolder, workingFolder } from '../../machine/system.ts';
import { requiredText } from '../../wire/scalars.ts';
import { readText } from '../terminal/read-text.ts';
import { SETTING_KEYS, SETTING_LIST } from './setting-table.ts';
import type { NewValues } from './settings-file.ts';

const NAME = '.kioskctl.yaml';

/** Maximum size of a project file. */
const LIMIT_BYTES = 64 * 1024;
const CORRECT = 'Correct the file.';

const PROJECT_SETTINGS = SETTING_LIST.flatMap(({ key, project }) =>
  project ? [[key, project] as const] : [],
);

/** Schema of a project file: the context, and harmless defaults. */
const projectSettings = v.object({
  context: v.optional(requiredText),
  ...Object.fromEntries(PROJECT_SETTINGS),
});

const ALLOWED = Object.keys(projectSettings.entries);

/**
 * Keys (in lower case) that only the user's own settings may contain, because the repository may be somebody else's.
 */
const USERS_OWN = [
  ...SETTING_KEYS.filter((key) => !ALLOWED.includes(key)).map((key) => key.toLowerCase()),
  'environment',
  'credential',
  'token',
  'client',
  'refresh',
  'secret',
  'password',
];

/** Settings from the repository that contains the working folder. */
export interface ProjectFile {
  file: string;
  /** True if the file belongs to another user of this machine. It is then ignored. */
  isForeign: boolean;
  context?: string | undefined;
  values: NewValues;
  /** Creates the failure for an invalid value. */
  mistake(key: string, options: { why: string; hint: string }): Failure;
}

/**
 * Finds the project file: in the working folder or the nearest parent, up to the home folder.
 * @throws Failure `settings-unusable` with file and line, if it contains a forbidden key
 */
export async function findProjectFile(
  folder = workingFolder(),
  home = homeFolder(process.env),
): Promise<ProjectFile | null> {
  if (folder === null) return null;
  const file = join(folder, NAME);
  const stat = statOf(file);
  if (stat?.isFile()) {
    const isForeign = stat.uid !== (process.getuid?.() ?? stat.uid);
    if (!isForeign) return readProjectFile(file);
    return { file, isForeign, values: {}, mistake: mistakeIn(file, () => null) };
  }
  const above = dirname(folder);
  return folder === home || above === folder ? null : findProjectFile(above, home);
}

function statOf(file: string) {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function readProjectFile(file: string): Promise<ProjectFile> {
  const text = readText(file, { limit: LIMIT_BYTES, what: 'project file' });
  const { content, mistakes, warnings, placeOf } = await parseYaml(text);
  const wrong = [...mistakes, ...warnings];
  if (wrong.length > 0) throw unusable(file, { why: firstOf(wrong), hint: CORRECT });
  const values = content ?? {};
  if (!isMapping(values)) throw unusable(file, { why: 'it is not a mapping of settings', hint: CORRECT });
  const lineOf = (key: string) => placeOf({ path: [key], at: 'key' }).line;
  const mistake = mistakeIn(file, (key) => (Object.hasOwn(values, key) ? lineOf(key) : null));
  for (const key of Object.keys(values)) if (!ALLOWED.includes(key)) throw mistake(key, whyNot(key));
  const parsed = v.safeParse(projectSettings, values);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue) ?? '';
    throw mistake(path.split('.')[0] ?? '', { why: `${path}: ${issue.message}`, hint: CORRECT });
  }
  const { context, ...settings } = parsed.output;
  return { file, isForeign: false, context, values: withPaths(settings, dirname(file)), mistake };
}

/** Resolves the path of the runbook relative to the project file. */
function withPaths({ runbook, ...values }: NewValues, folder: string): NewValues {
  return { ...values, ...(runbook !== undefined && { runbook: resolve(folder, runbook) }) };
}

function whyNot(key: string): { why: string; hint: string } {
  const allowed = ALLOWED.join(', ');
  const plain = key.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (!USERS_OWN.some((own) => plain.startsWith(own))) {
    return { why: `there is no setting “${key}”`, hint: `A project file can set ${allowed}.` };
  }
  return {
    why: `${key} is not allowed in a project file: a cloned repository must not be able to send a token elsewhere`,
    hint: `Set it in a context (kioskctl context set), a variable or a flag. A project file can set ${allowed}.`,
  };
}

function mistakeIn(file: string, lineOf: (key: string) => number | null) {
  return (key: string, { why, hint }: { why: string; hint: string }): Failure => {
    const line = lineOf(key);
    return unusable(file, { why: line === null ? why : `line ${line}: ${why}`, hint });
  };
}

function unusable(file: string, { why, hint }: { why: string; hint: string }): Failure {
  return failure(
    'settings-unusable',
    `The project file ${printable(file)} can't be used: ${printable(why)}.`,
    printable(hint),
  );
}
