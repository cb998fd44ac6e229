import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fromRoot } from './system.ts';

export type Access = 'read' | 'write';

/** The reason why a file operation failed. */
export interface FileFault {
  /** System error code, like `EACCES`. */
  code: string;
  /** Clause about the file: `it belongs to another user (uid 0)`. */
  reason: string;
  /** Advice: the start of a sentence, without a full stop; null if it depends on the purpose of the file. */
  fix: string | null;
  /** Command that fixes the problem; null for none. */
  command: string | null;
}

type Cause = Readonly<{ read: string; write: string; fix?: string }>;

const both = (reason: string, fix?: string): Cause => ({ read: reason, write: reason, ...(fix && { fix }) });

/** Reasons for system error codes. */
const CAUSES: Readonly<Record<string, Cause>> = {
  ENOENT: { read: 'there is no such file', write: 'its folder does not exist' },
  ENOTDIR: both('a part of its path is not a folder'),
  EISDIR: both('it is a folder'),
  EEXIST: both('it already exists'),
  EFTYPE: both('it is neither a regular file nor a link to one'),
  ELOOP: both('its links lead in a circle'),
  ENAMETOOLONG: both('its name is too long'),
  EACCES: { read: 'this user may not read it', write: 'this user may not write it' },
  EPERM: { read: 'this user may not read it', write: 'this user may not write it' },
  EROFS: both('its file system is mounted read-only', 'Mount the file system writable, or use another one'),
  ENOSPC: both('the disk is full', 'Free space on its disk'),
  EDQUOT: both('the disk quota is used up', 'Free space on its disk, or get a larger quota'),
  EFBIG: both('it would be larger than the limit for files (ulimit -f)', 'Raise the limit'),
  EMFILE: both('this process has too many open files (ulimit -n)', 'Raise the limit'),
  ENFILE: both('this machine has too many open files'),
  EIO: both('its disk reports an error (EIO)'),
  ESTALE: both('its network file system has lost it (ESTALE)'),
};

/**
 * Explains a file system error. For a permission error, it finds the file or folder that denies access, its owner, and
 * the command that restores access.
 * @param files the file, and the files that belong to it
 */
export function explainFault(error: unknown, files: string | readonly string[], access: Access): FileFault {
  const code = codeOf(error);
  const { [access]: reason = code, fix = null } = CAUSES[code] ?? {};
  const denied = code === 'EACCES' || code === 'EPERM' ? findDenied(files, access) : null;
  return denied ? { code, ...denied } : { code, reason, fix, command: null };
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/**
 * Determines what would prevent this user from accessing files, without opening them.
 * @returns the first obstacle; null if there is none
 */
export function findObstacle(files: string | readonly string[], access: Access): FileFault | null {
  for (const file of [files].flat()) {
    const path = existsSync(file) ? file : nearestFolder(file);
    const code = refusal(path, access === 'read' ? constants.R_OK : constants.W_OK);
    if (code !== null) return explainFault(Object.assign(new Error(), { code }), file, access);
    if (access === 'write' && isFull(path))
      return explainFault(Object.assign(new Error(), { code: 'ENOSPC' }), file, access);
  }
  return null;
}

function isFull(path: string): boolean {
  try {
    const { bavail, blocks } = statfsSync(path);
    // Pseudo file systems like /proc have no blocks.
    return blocks > 0 && bavail === 0;
  } catch {
    return false;
  }
}

function findDenied(files: string | readonly string[], access: Access): Omit<FileFault, 'code'> | null {
  for (const file of [files].flat().map(fromRoot)) {
    const path = deniedPath(file, access);
    if (path !== null) return { ...describeDenied(path, file, access) };
  }
  return null;
}

/**
 * Returns the path that denies access: a folder on the path, the file, or the folder in which the file would be
 * created.
 */
function deniedPath(file: string, access: Access): string | null {
  for (const folder of foldersOf(file)) {
    if (!existsSync(folder)) return nearestFolder(folder);
    if (refusal(folder, constants.X_OK) !== null) return folder;
  }
  const mode = access === 'read' ? constants.R_OK : constants.W_OK;
  if (existsSync(file) && refusal(file, mode) !== null) return file;
  const folder = nearestFolder(file);
  return access === 'write' && refusal(folder, constants.W_OK) !== null ? folder : null;
}

function describeDenied(path: string, file: string, access: Access): Omit<FileFault, 'code'> {
  const own = process.getuid?.();
  // Windows has neither users by number nor modes.
  if (own === undefined)
    return { reason: CAUSES.EACCES?.[access] ?? 'access is denied', fix: null, command: null };
  const { uid, mode } = statSync(path);
  const it = path === file ? 'it' : `the folder ${path}`;
  if (uid !== own) {
    const fix = isInOwnFolder(path, own) ? chown(path, own) : ASK_FOR_ACCESS;
    return { reason: `${it} belongs to another user (uid ${uid})`, ...fix };
  }
  const rights = `${access === 'read' ? 'r' : 'rw'}${path === file ? '' : 'x'}`;
  const named = path === file ? 'its permissions' : `the permissions of the folder ${path}`;
  const reason = `${named} forbid it (mode ${octal(mode)})`;
  return { reason, ...withCommand(`chmod u+${rights} ${quoted(path)}`) };
}

function withCommand(command: string): { fix: string; command: string } {
  return { fix: `Run ${command}`, command };
}

const ASK_FOR_ACCESS = { fix: 'Ask its owner or the administrator for access', command: null };

/**
 * True for a path whose owner this user may change. One of another user in an own folder was left there by a command
 * with sudo. Any other may be part of the system, or shared.
 */
export function isInOwnFolder(path: string, own: number): boolean {
  return statSync(dirname(path)).uid === own;
}

/** Returns the command that makes this user the owner of a path. */
export function chown(path: string, own: number): { fix: string; command: string } {
  return withCommand(`sudo chown ${own} ${quoted(path)}`);
}

/** Permissions of another user, besides root, on a file. */
export interface OtherUser {
  /** Sentence without a full stop. */
  reason: string;
  /** Advice that removes the permission: a sentence without a full stop. */
  fix: string;
}

/** Mode of a secret that systemd or Kubernetes mounts for a service: root owns it, and only its group can read it. */
const MOUNTED_SECRET = 0o440;

/** Finds other users who can read a file. @returns null if there are none, and on Windows (no modes) */
export function findOtherReader(file: string): OtherUser | null {
  const own = process.getuid?.();
  if (own === undefined) return null;
  const { uid, mode } = statSync(file);
  const isMounted = uid === 0 && (mode & 0o777) === MOUNTED_SECRET;
  if ((mode & 0o077) === 0 || isMounted) return null;
  const fix =
    uid === own
      ? `Run chmod 600 ${quoted(file)}`
      : 'Use a file of this user with mode 600, or of root with mode 440 and a group of this user';
  return { reason: `other users can read it (mode ${octal(mode)})`, fix };
}

/** Last words of the hints that suggest another journal. */
export const OTHER_HOME =
  'set KIOSKCTL_HOME to another folder (it has another journal: nothing prevents a card from being sent twice)';

/** Quotes a path for a shell. */
export function quoted(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}

/** Formats permissions for chmod. */
export function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, '0');
}

/** Returns the parent folders of a file, starting at the root. */
function foldersOf(file: string): string[] {
  const folder = dirname(file);
  return folder === file ? [] : [...foldersOf(folder), folder];
}

/** Returns the nearest parent folder that exists. */
function nearestFolder(file: string): string {
  const folder = dirname(file);
  return existsSync(folder) || folder === file ? folder : nearestFolder(folder);
}

/** Returns the system error code of a denied access; null if access is allowed. */
function refusal(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    return codeOf(error);
  }
}
