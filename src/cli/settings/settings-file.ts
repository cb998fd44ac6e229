import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Failure } from '../../domain/failure.ts';
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

/** What is wrong with a settings file. A damaged one can be set aside; one that this kioskctl may not touch can not. */
export class UnusableSettings extends Failure {
  readonly isDamaged: boolean;

  constructor(file: string, { why, isDamaged }: { why: string; isDamaged: boolean }) {
    super('settings-unusable', `The settings file ${file} can't be used: ${why}.`, {
      hint: isDamaged
        ? 'Correct the file, or move it away to start without settings.'
        : 'Use the kioskctl that wrote it, make it readable, or set KIOSKCTL_HOME to another folder.',
    });
    this.isDamaged = isDamaged;
  }
}

/**
 * Reads the settings file. One that isn't there is an empty one; one of an older version is brought up to this one,
 * which stays in memory until something is written.
 * @throws UnusableSettings, naming the file, for anything else that can't be used
 */
export function readSettingsFile(file: string): SettingsFile {
  const text = readText(file);
  if (text === null) return { version: SETTINGS_VERSION, contexts: {} };
  const content = parseJson(text, file);
  const newer = v.safeParse(
    v.object({ version: v.pipe(v.number(), v.minValue(SETTINGS_VERSION + 1)) }),
    content,
  );
  if (newer.success)
    throw new UnusableSettings(file, { why: 'a newer version of kioskctl wrote it', isDamaged: false });
  const parsed = v.safeParse(settingsFile, content);
  // Version 2 only knows more than version 1.
  if (parsed.success) return { ...parsed.output, version: SETTINGS_VERSION };
  const [issue] = parsed.issues;
  throw new UnusableSettings(file, {
    why: `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
    isDamaged: true,
  });
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
