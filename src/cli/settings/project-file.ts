import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { id, requiredText } from '../../wire/scalars.ts';
import { readBytes } from '../terminal/read-text.ts';

const NAME = '.kioskctl.yaml';

/** More than any project needs to say. */
const LIMIT_BYTES = 64 * 1024;

/** What a project file may say: which context, and defaults that harm nobody. */
const projectSettings = v.object({
  context: v.optional(requiredText),
  profileId: v.optional(id),
  kiosks: v.optional(v.array(requiredText)),
  kiosk: v.optional(requiredText),
  program: v.optional(requiredText),
  runbook: v.optional(requiredText),
});

type ProjectSettings = v.InferOutput<typeof projectSettings>;

/** What only the user's own settings say, however it is written: a cloned repository is somebody else's. */
const USERS_OWN =
  /^(baseurl|environment|apiversion|clientkey|credential|certificate|publickey|token|client|refresh|secret|password)/;

/** What a repository says to the commands that run in it. */
export interface ProjectFile extends ProjectSettings {
  file: string;
  /** It belongs to another user of this machine, and is not heard. */
  isForeign: boolean;
  /** The failure for what it says at a key. */
  mistake(key: keyof ProjectSettings, options: { why: string; hint: string }): Failure;
}

/**
 * Finds the project file of the working folder: there or in a folder above it, up to the home folder.
 * @throws Failure `settings-unusable`, naming file and line, for one that says what it may not
 */
export async function findProjectFile(
  folder = workingFolder(),
  home = homedir(),
): Promise<ProjectFile | null> {
  if (folder === null) return null;
  const file = join(folder, NAME);
  const stat = statOf(file);
  if (stat?.isFile()) {
    const isForeign = stat.uid !== (process.getuid?.() ?? stat.uid);
    return isForeign ? { file, isForeign, mistake: mistakeIn(file, () => null) } : readProjectFile(file);
  }
  const above = dirname(folder);
  return folder === home || above === folder ? null : findProjectFile(above, home);
}

/** null when somebody removed it. */
function workingFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

function statOf(file: string) {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

async function readProjectFile(file: string): Promise<ProjectFile> {
  const text = readBytes(file, LIMIT_BYTES).toString('utf8');
  const { values, error, lineOf } = await readMapping(text);
  const mistake = mistakeIn(file, lineOf);
  if (error !== null) throw unusable(file, { why: error, hint: 'Correct the file.' });
  for (const key of Object.keys(values)) {
    if (!Object.hasOwn(projectSettings.entries, key)) throw mistake(key, whyNot(key));
  }
  const parsed = v.safeParse(projectSettings, values);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue) ?? '';
    throw mistake(path.split('.')[0] ?? '', { why: `${path}: ${issue.message}`, hint: 'Correct the file.' });
  }
  const { runbook, ...settings } = parsed.output;
  return {
    ...settings,
    ...(runbook !== undefined && { runbook: resolve(dirname(file), runbook) }),
    file,
    isForeign: false,
    mistake,
  };
}

function whyNot(key: string): { why: string; hint: string } {
  const allowed = Object.keys(projectSettings.entries).join(', ');
  if (!USERS_OWN.test(key.toLowerCase().replaceAll(/[^a-z]/g, ''))) {
    return { why: `there is no setting “${key}”`, hint: `A project file may say ${allowed}.` };
  }
  return {
    why: `${key} has no place in a project file: a cloned repository must not be able to send a token elsewhere`,
    hint: `Say it in a context (kioskctl context set), a variable or a flag. A project file may say ${allowed}.`,
  };
}

function mistakeIn(file: string, lineOf: (key: string) => number | null) {
  return (key: string, { why, hint }: { why: string; hint: string }): Failure => {
    const line = lineOf(key);
    return unusable(file, { why: line === null ? why : `line ${line}: ${why}`, hint });
  };
}

function unusable(file: string, { why, hint }: { why: string; hint: string }): Failure {
  return new Failure(
    'settings-unusable',
    `The project file ${printable(file)} can't be used: ${printable(why)}.`,
    { hint: printable(hint) },
  );
}

export interface Mapping {
  values: Record<string, unknown>;
  /** Why there are none: the first mistake, with its line and column. */
  error: string | null;
  /** Where a key stands, from 1; null for one that isn't there. */
  lineOf: (key: string) => number | null;
}

function failed(why: string): Mapping {
  return { values: {}, error: why, lineOf: () => null };
}

/** Reads a mapping; an empty text is an empty one. */
export async function readMapping(text: string): Promise<Mapping> {
  const { isMap, isScalar, LineCounter, parseDocument } = await import('../../input/yaml.ts');
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error) return failed(error.message.split('\n')[0]?.replace(/:$/, '') ?? 'it is not YAML');
  const isEmpty =
    document.contents === null || (isScalar(document.contents) && document.contents.value === null);
  if (isEmpty) return { values: {}, error: null, lineOf: () => null };
  if (!isMap(document.contents)) return failed('it is not a mapping of settings');
  const places = new Map<string, number>();
  for (const { key } of document.contents.items) {
    if (isScalar(key)) places.set(String(key.value), lines.linePos(key.range?.[0] ?? 0).line);
  }
  try {
    const values: Record<string, unknown> = document.toJS({ maxAliasCount: 10 });
    return { values, error: null, lineOf: (key) => places.get(key) ?? null };
  } catch (thrown) {
    return failed(thrown instanceof Error ? thrown.message : 'its aliases can not be followed');
  }
}
