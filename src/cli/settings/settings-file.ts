import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Failure } from '../../domain/errors/failure.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { id } from '../../wire/scalars.ts';

/** Fields that are not of ours stay in the file when it is written. */
const contextSettings = v.looseObject({
  environment: v.picklist(['local', 'sandbox', 'production']),
  baseUrl: v.optional(v.string()),
  apiVersion: v.optional(v.string()),
  profileId: v.optional(id),
  kiosks: v.optional(v.array(v.string()), []),
  /** Which of several kiosks is meant when none is named. From version 2 on. */
  kiosk: v.optional(v.string()),
  program: v.optional(v.string()),
  /** What the vendor calls the application that subscribes to webhooks. */
  clientKey: v.optional(v.string()),
  /** A program and its arguments, in which `{profileId}` stands for the profile, that prints its token. */
  credentialCommand: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
  /** For mutual TLS, in PEM. */
  certificate: v.optional(v.object({ certFile: v.string(), keyFile: v.string() })),
  /** Where the team keeps its runbook. */
  runbook: v.optional(v.string()),
  /** With which webhooks are signed, in PEM, where it is not the published one. */
  publicKey: v.optional(v.string()),
});

/** What kioskctl writes. It reads older versions, and refuses newer ones. */
export const SETTINGS_VERSION = 2;

const settingsFile = v.looseObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(SETTINGS_VERSION)),
  currentContext: v.optional(v.string()),
  contexts: v.optional(v.record(v.string(), contextSettings), {}),
});

export type SettingsFile = v.InferOutput<typeof settingsFile>;
export type ContextSettings = v.InferOutput<typeof contextSettings>;

/** A context in the file that can't be used, and which of its settings it is; null: the whole of it. */
interface BadField {
  context: string;
  key: string | null;
}

/**
 * What is wrong with a settings file. A damaged one can be set aside; one with a bad field in a context, in which the
 * others are good, and one that this kioskctl may not touch can not.
 */
export class UnusableSettings extends Failure {
  readonly isDamaged: boolean;
  readonly bad: BadField | null;

  constructor(
    file: string,
    { why, isDamaged, bad = null }: { why: string; isDamaged: boolean; bad?: BadField | null },
  ) {
    super('settings-unusable', `The settings file ${file} can't be used: ${why}.`, {
      hint: bad ? hintFor(bad) : isDamaged ? CORRECT : LEAVE,
    });
    this.isDamaged = isDamaged;
    this.bad = bad;
  }
}

const CORRECT = 'Correct the file, or move it away to start without settings.';
const LEAVE = 'Use the kioskctl that wrote it, make it readable, or set KIOSKCTL_HOME to another folder.';

function hintFor({ context, key }: BadField): string {
  const name = printable(context);
  const remove = `kioskctl context remove ${name}`;
  if (key === null || key === 'environment') return `Correct it in the file, or: ${remove}.`;
  return `Correct it in the file, or: kioskctl context unset ${printable(key)} --context ${name} (or ${remove}).`;
}

/**
 * Reads the settings file. One that isn't there is an empty one; one of an older version is brought up to this one,
 * which stays in memory until something is written.
 * @throws UnusableSettings, naming the file, for anything else that can't be used
 */
export function readSettingsFile(file: string): SettingsFile {
  const content = readContent(file);
  if (content === null) return { version: SETTINGS_VERSION, contexts: {} };
  const parsed = v.safeParse(settingsFile, content);
  // Version 2 only knows more than version 1.
  if (parsed.success) return { ...parsed.output, version: SETTINGS_VERSION };
  const [issue] = parsed.issues;
  const [part, context, key] = issue.path?.map((item) => String(item.key)) ?? [];
  const bad = part === 'contexts' && context !== undefined ? { context, key: key ?? null } : null;
  const why = `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`;
  throw new UnusableSettings(file, { why, isDamaged: bad === null, bad });
}

/** null where there is no file. @throws UnusableSettings for no JSON, and for one of a newer version */
function readContent(file: string): unknown {
  const text = readText(file);
  if (text === null) return null;
  const content = parseJson(text, file);
  const newer = v.safeParse(
    v.object({ version: v.pipe(v.number(), v.minValue(SETTINGS_VERSION + 1)) }),
    content,
  );
  if (!newer.success) return content;
  throw new UnusableSettings(file, { why: 'a newer version of kioskctl wrote it', isDamaged: false });
}

const rawSettings = v.looseObject({
  ...settingsFile.entries,
  contexts: v.record(v.string(), v.unknown()),
});

/** The settings as they stand in the file, contexts with bad fields included. */
export type RawSettings = v.InferOutput<typeof rawSettings>;

/** @returns null for a file that has no known shape. @throws UnusableSettings as above */
export function readRawSettings(file: string): RawSettings | null {
  const parsed = v.safeParse(rawSettings, readContent(file));
  return parsed.success ? parsed.output : null;
}

/** What can be used of them, and how many bad fields there are in the rest. */
export function usableOf(raw: RawSettings): { settings: SettingsFile; badFields: number } {
  const read = Object.entries(raw.contexts).map(([name, content]) => {
    return { name, parsed: v.safeParse(contextSettings, content) };
  });
  const good = read.flatMap(({ name, parsed }) => (parsed.success ? [[name, parsed.output] as const] : []));
  const badFields = read.reduce((count, { parsed }) => count + (parsed.issues?.length ?? 0), 0);
  return { settings: { ...raw, contexts: Object.fromEntries(good) }, badFields };
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    // Below a file, or where nothing is: there are no settings.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UnusableSettings(file, { why: code, isDamaged: false });
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UnusableSettings(file, { why: 'it is not JSON', isDamaged: true });
  }
}
