import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { Failure } from '../../domain/failure.ts';
import { id } from '../../wire/scalars.ts';

const contextSettings = v.object({
  environment: v.picklist(['local', 'sandbox', 'production']),
  baseUrl: v.optional(v.string()),
  apiVersion: v.optional(v.string()),
  profileId: v.optional(id),
  kiosks: v.optional(v.array(v.string()), []),
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

const settingsFile = v.object({
  version: v.literal(1),
  currentContext: v.optional(v.string()),
  contexts: v.optional(v.record(v.string(), contextSettings), {}),
});

export type SettingsFile = v.InferOutput<typeof settingsFile>;
export type ContextSettings = v.InferOutput<typeof contextSettings>;

/**
 * Reads the settings file. One that isn't there is an empty one.
 * @throws Failure `settings-unusable`, naming the file, for anything else that can't be used
 */
export function readSettingsFile(file: string): SettingsFile {
  const text = readText(file);
  if (text === null) return { version: 1, contexts: {} };
  const content = parseJson(text, file);
  const version = v.safeParse(v.object({ version: v.pipe(v.number(), v.minValue(2)) }), content);
  if (version.success) throw unusable(file, 'a newer version of kioskctl wrote it');
  const parsed = v.safeParse(settingsFile, content);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw unusable(file, `${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    // Below a file, or where nothing is: there are no settings.
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw unusable(file, code);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable(file, 'it is not JSON');
  }
}

function unusable(file: string, why: string): Failure {
  return new Failure('settings-unusable', `The settings file ${file} can't be used: ${why}.`, {
    hint: 'Correct the file, or move it away to start without settings.',
  });
}
