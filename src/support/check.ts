import type { Context } from '../context/context.ts';
import type { FileFault, OtherWriter } from '../machine/file-faults.ts';

/** One check of `doctor`. */
export interface Check {
  /** Stable: scripts look for it. */
  name: string;
  /** Checks that must pass before this one; a warning passes. */
  needs?: readonly string[];
  isOnline?: boolean;
  /** Makes the check. @throws Failure if it fails */
  run(input: CheckInput): Promise<CheckOutcome> | CheckOutcome;
}

export interface CheckInput {
  probe: SystemProbe;
  /** The context. @throws Failure if the settings are unusable */
  readonly ctx: Context;
}

export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckOutcome {
  status: CheckStatus;
  message: string;
  /** The fix. */
  hint?: string;
}

export function ok(message: string): CheckOutcome {
  return { status: 'ok', message };
}

export function warning(message: string, hint: string): CheckOutcome {
  return { status: 'warning', message, hint };
}

export function skipped(message: string): CheckOutcome {
  return { status: 'skipped', message };
}

/** Access to this machine; times are milliseconds since the epoch. */
export interface SystemProbe {
  versions: { kioskctl: string; node: string; platform: string };
  /** The folders for kioskctl's files, and the files that exist in them. */
  listFiles(): StoredFile[];
  /** @throws Failure `settings-unusable` */
  readSettings(): SettingsState;
  /** The URL of the API and the proxy. @throws Failure for unusable settings */
  findRoute(): Promise<Route>;
  /** The addresses of a host. @throws Failure `unreachable` */
  resolve(host: string): Promise<string[]>;
  /** The certificates of NODE_EXTRA_CA_CERTS. @throws Failure `settings-unusable` */
  readAuthorities(): { file: string; count: number } | null;
  /** The client certificate. @throws Failure `credentials-unusable` */
  readCertificate(): Promise<{ file: string; validUntil: number } | null>;
  /** The completion of the user's shell; null for a shell without one. */
  findCompletion(): { shell: string; file: string; line: string; isInstalled: boolean } | null;
  /** The type and size of a key in PEM. @throws Failure `invalid-input` */
  readKey(pem: string): { type: string; bits: number | null };
}

export interface StoredFile {
  path: string;
  isFolder: boolean;
  /** Like 0o700; null where the system has none. */
  mode: number | null;
  /** Causes for which it, or a file that belongs to it, can't be written. */
  obstacles: readonly FileFault[];
}

interface SettingsState {
  file: string;
  isThere: boolean;
  contexts: string[];
  otherWriter: OtherWriter | null;
}

interface Route {
  /** null for the embedded sandbox. */
  url: string | null;
  /** Without its credentials. */
  proxy: string | null;
}
