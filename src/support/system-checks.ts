import type { Context } from '../context/context.ts';
import { Failure, failure } from '../domain/errors/failure.ts';
import { counted } from '../domain/text/words.ts';

const OLDEST_NODE = 24;
const DAY_MS = 86_400_000;
/** A client certificate is renewed in time. */
const RENEWAL_DAYS = 30;

/** What can be seen on this machine, without the network. */
export const MACHINE_CHECKS: readonly Check[] = [
  {
    name: 'version',
    look: ({ machine: { versions } }) => {
      const text = `kioskctl ${versions.kioskctl}, Node ${versions.node}, ${versions.platform}`;
      if (Number.parseInt(versions.node, 10) >= OLDEST_NODE) return ok(text);
      return warning(text, `Use Node ${OLDEST_NODE} or newer.`);
    },
  },
  {
    name: 'home',
    look: ({ machine }) => {
      const files = machine.listFiles();
      const locked = files.find(({ isWritable }) => !isWritable);
      if (locked) {
        throw failure(
          'storage-unusable',
          `${locked.path} can't be written.`,
          'Make it yours (chown, chmod u+w), or choose another folder with KIOSKCTL_HOME.',
        );
      }
      const open = files.filter(isOpenToOthers);
      if (open.length === 0) return ok(files.map(({ path }) => path).join(', ') || 'nothing is kept yet');
      const commands = open.map(({ path, isFolder }) => `chmod ${isFolder ? 700 : 600} '${path}'`);
      return warning('Others on this machine can read what kioskctl keeps.', `Run: ${commands.join('; ')}`);
    },
  },
  {
    name: 'settings',
    look: ({ machine }) => {
      const { file, isThere, contexts } = machine.readSettings();
      if (!isThere) return ok('none: contexts are made of flags and environment variables');
      return ok(`${file}: ${contexts.length === 0 ? 'no contexts' : contexts.join(', ')}`);
    },
  },
  {
    name: 'context',
    look: ({ ctx: { name, environment, profileId } }) =>
      ok(
        `${name}, environment ${environment}, ${profileId === null ? 'no profile' : `profile ${profileId}`}`,
      ),
  },
  {
    name: 'journal',
    look: ({ machine }) => {
      const journal = machine.inspectJournal();
      if (!journal) return ok('none yet: the first command makes it');
      const { file, bytes, schema, newest, damage } = journal;
      if (damage.length > 0) throw unusable(file, `is damaged: ${damage[0]}`);
      if (schema > newest) throw unusable(file, 'was written by a newer version of kioskctl');
      const size = `${(bytes / 1_048_576).toFixed(1)} MiB`;
      return ok(`${file}: ${size}, sound, schema ${schema}${schema < newest ? ` (will be ${newest})` : ''}`);
    },
  },
  {
    name: 'network',
    needs: ['context'],
    look: async ({ machine }) => {
      const { url, proxy } = await machine.findRoute();
      if (url === null) return skipped('the embedded sandbox needs none');
      const authorities = machine.readAuthorities();
      const trusted = authorities ? `, ${authorities.count} more authorities from ${authorities.file}` : '';
      return ok(`${url} ${proxy === null ? 'without a proxy' : `through the proxy ${proxy}`}${trusted}`);
    },
  },
  {
    name: 'certificate',
    needs: ['context'],
    look: async ({ machine, ctx }) => {
      const certificate = await machine.readCertificate();
      if (!certificate) return skipped('no mutual TLS');
      const days = Math.floor((certificate.validUntil - ctx.clock.now()) / DAY_MS);
      const text = `${certificate.file} is valid for ${counted(days, 'more day')}`;
      return days >= RENEWAL_DAYS ? ok(text) : warning(text, 'Ask Wise for a new one in time.');
    },
  },
];

function isOpenToOthers({ mode }: KeptFile): boolean {
  return mode !== null && (mode & 0o077) !== 0;
}

function unusable(file: string, why: string): Failure {
  return failure(
    'journal-unusable',
    `The journal ${file} ${why}.`,
    'Update kioskctl, or move the file away: attempts that it knows are then not guarded any more.',
  );
}

/** What `doctor` looks at on this machine; times are milliseconds since the epoch. */
export interface Machine {
  versions: { kioskctl: string; node: string; platform: string };
  /** The folders of kioskctl's files, and the files in them that are there. */
  listFiles(): KeptFile[];
  /** @throws Failure `settings-unusable` */
  readSettings(): { file: string; isThere: boolean; contexts: string[] };
  /** null while there is no journal. @throws Failure `journal-unusable` */
  inspectJournal(): JournalState | null;
  /** Where requests go, and through what. @throws Failure for what can't be used */
  findRoute(): Promise<Route>;
  /** The addresses of a host. @throws Failure `unreachable` */
  resolve(host: string): Promise<string[]>;
  /** What NODE_EXTRA_CA_CERTS names. @throws Failure `settings-unusable` */
  readAuthorities(): { file: string; count: number } | null;
  /** The client certificate. @throws Failure `credentials-unusable` */
  readCertificate(): Promise<{ file: string; validUntil: number } | null>;
  /** How many bits the key has. @throws Failure `invalid-input` */
  readKey(pem: string): { type: string; bits: number | null };
}

export interface KeptFile {
  path: string;
  isFolder: boolean;
  /** Like 0o700; null where the system has none. */
  mode: number | null;
  isWritable: boolean;
}

export interface JournalState {
  file: string;
  bytes: number;
  schema: number;
  /** The schema of this version. */
  newest: number;
  damage: string[];
}

export interface Route {
  /** null for the embedded sandbox. */
  url: string | null;
  /** Without its credentials. */
  proxy: string | null;
}

/** A warning is worth a look, and nothing fails for it. */
export type CheckStatus = 'ok' | 'warning' | 'failed' | 'skipped';

export interface Finding {
  status: CheckStatus;
  message: string;
  /** What to do about it. */
  hint?: string;
}

export interface Exam {
  machine: Machine;
  /** @throws Failure where there is none, because settings can't be used */
  readonly ctx: Context;
}

export interface Check {
  /** Stable: scripts look for it. */
  name: string;
  /** Checks that must have passed before; a warning passes. */
  needs?: readonly string[];
  isOnline?: boolean;
  /** @throws Failure for what fails */
  look(exam: Exam): Promise<Finding> | Finding;
}

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function warning(message: string, hint: string): Finding {
  return { status: 'warning', message, hint };
}

export function skipped(message: string): Finding {
  return { status: 'skipped', message };
}

/** Did a check find what it looked for? */
export function isFound({ status }: Finding): boolean {
  return status === 'ok' || status === 'warning';
}
