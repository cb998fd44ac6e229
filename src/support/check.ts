import type { Context } from '../context/context.ts';
import { type FileFault, OTHER_HOME, type OtherUser, quoted } from '../machine/file-faults.ts';

/** A check of `doctor`. */
export interface Check {
  /** Stable name of the check, part of the JSON document. */
  name: string;
  /** Names of other checks. If one of them has failed or was skipped, this check is skipped. */
  needs?: readonly string[];
  isOnline?: boolean;
  /** True for a check that is left out for a journal in a file. */
  isOfServer?: boolean;
  /** Runs the check. @throws Failure if it fails */
  run(input: CheckInput): Promise<CheckOutcome> | CheckOutcome;
}

export interface CheckInput {
  probe: SystemProbe;
  /** The context of the command, opened at the first access. @throws Failure if the settings are unusable */
  readonly ctx: Context;
}

export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface CheckOutcome {
  status: CheckStatus;
  message: string;
  /** Advice on how to fix the problem. */
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

/** A word that only the own team may read, and what a report shows instead. */
export interface PrivateWord {
  word: string;
  shown: string;
}

/** Access of the checks to this machine. Times are milliseconds since the epoch. */
export interface SystemProbe {
  versions: { kioskctl: string; node: string; platform: string };
  /** Lists the names in the settings and of this machine, for a report to readers outside the team. */
  listNames(): Promise<PrivateWord[]>;
  /** Lists kioskctl's folders and the files in them. */
  listFiles(): StoredFile[];
  /** Reads the settings files. @throws Failure `settings-unusable` */
  readSettings(): SettingsState;
  /** Returns the URL of the API and the proxy. @throws Failure if a setting is invalid */
  findRoute(): Promise<Route>;
  /** Resolves a host name to its addresses. @throws Failure `unreachable` */
  resolve(host: string): Promise<string[]>;
  /**
   * Reads the certificates of NODE_EXTRA_CA_CERTS; null if the variable is not set.
   * @throws Failure `settings-unusable`
   */
  readAuthorities(): { file: string; count: number } | null;
  /** Reads the client certificate (mutual TLS); null if none is set. @throws Failure `credentials-unusable` */
  readCertificate(): Promise<{ file: string; validUntil: number } | null>;
  /** Finds the completion of the user's shell; null if kioskctl has none for this shell. */
  findCompletion(): { shell: string; file: string; line: string; isInstalled: boolean } | null;
  /** Returns type and size of a public key in PEM. @throws Failure `invalid-input` */
  readKey(pem: string): { type: string; bits: number | null };
}

export interface StoredFile {
  path: string;
  isFolder: boolean;
  /** Permissions, like 0o700; null on systems without modes. */
  mode: number | null;
  /** True if this user can restrict its permissions without harm to others. */
  isOwn: boolean;
  /** Reasons why the file, or a file that belongs to it, can't be written. */
  obstacles: readonly FileFault[];
}

interface SettingsState {
  file: string;
  isThere: boolean;
  contexts: string[];
  otherWriter: OtherUser | null;
}

interface Route {
  /** Base URL; null for the embedded sandbox. */
  url: string | null;
  /** URL without user name and password. */
  proxy: string | null;
}

/** Returns sentences about how to restrict the permissions of files. */
export function restrict(files: readonly StoredFile[]): string {
  const own = files.filter(({ isOwn }) => isOwn);
  const others = files.filter(({ isOwn }) => !isOwn).map(({ path }) => path);
  const commands = own.map(({ path, isFolder }) => `chmod ${isFolder ? 700 : 600} ${quoted(path)}`);
  const ask = `Others own or share ${others.join(', ')}: ${OTHER_HOME}, or ask the administrator.`;
  if (commands.length === 0) return ask;
  const run = `Run: ${commands.join('; ')}`;
  return others.length === 0 ? run : `${run}. ${ask}`;
}
