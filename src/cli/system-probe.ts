import { createPublicKey } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { getCACertificates } from 'node:tls';
import packageJson from '../../package.json' with { type: 'json' };
import { failure, systemCode } from '../domain/errors/failure.ts';
import { explainFault, type FileFault, findObstacle } from '../machine/file-faults.ts';
import { findOtherWriter, isOwn } from '../machine/file-owners.ts';
import { homeFolder, hostName, userName } from '../machine/system.ts';
import type { PrivateWord, StoredFile, SystemProbe } from '../support/check.ts';
import { INSTALLATION, SHELLS } from './completion/shells.ts';
import { vendorUrlOf } from './open-client.ts';
import { findProxy, readCertificate } from './settings/network.ts';
import { findPaths } from './settings/paths.ts';
import { loadSettings } from './settings/settings.ts';
import { readSettingsFile } from './settings/settings-file.ts';
import type { ContextFlags } from './settings/sources.ts';
import { readTextOr } from './terminal/read-text.ts';

/** Maximum size of a shell's start file. */
const START_FILE_LIMIT_BYTES = 1024 * 1024;

/** Creates `doctor`'s access to this machine. Each check reads the settings itself, because they may be unusable. */
export function makeSystemProbe(flags: ContextFlags): SystemProbe {
  return {
    versions: {
      kioskctl: packageJson.version,
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
    },
    listFiles: () => {
      const { settings, credentials, journal, sandboxState } = findPaths();
      const files = [settings, credentials, journal, sandboxState];
      const folders = [...new Set(files.map((file) => dirname(file)))];
      return [...folders.flatMap(describeFolder), ...files.flatMap(describeFile)];
    },
    listNames: () => listNames(flags),
    readSettings: () => {
      const { settings: file } = findPaths();
      const { contexts } = readSettingsFile(file);
      return {
        file,
        isThere: existsSync(file),
        contexts: Object.keys(contexts),
        otherWriter: findOtherWriter(file),
      };
    },
    findRoute: async () => {
      const url = vendorUrlOf(await loadSettings(flags));
      const proxy = url === null ? null : findProxy(url);
      return { url, proxy: proxy?.url.origin ?? null };
    },
    resolve,
    readAuthorities,
    readCertificate: async () => {
      const { certificate } = await loadSettings(flags);
      if (!certificate) return null;
      return { file: certificate.certFile, validUntil: readCertificate(certificate, Date.now()).validUntil };
    },
    findCompletion,
    readKey,
  };
}

async function listNames(flags: ContextFlags): Promise<PrivateWord[]> {
  const settings = await loadSettings(flags).catch(() => null);
  const values: Record<string, readonly (string | number | null | undefined)[]> = {
    context: [settings?.contextName, ...contextNames()],
    profile: [settings?.profileId],
    kiosk: settings?.kiosks ?? [],
    program: [settings?.program],
    user: [userName()],
    machine: [hostName()],
  };
  const home = homeFolder(process.env);
  const names = Object.entries(values).flatMap(([shown, words]) =>
    words.flatMap((word) =>
      word && !PUBLIC_NAMES.has(`${word}`) ? [{ word: `${word}`, shown: `[${shown}]` }] : [],
    ),
  );
  return home === null || home === '/' ? names : [...names, { word: home, shown: '~' }];
}

/** Names that tell nothing: the implicit contexts, and users of containers. */
const PUBLIC_NAMES = new Set(['local', 'sandbox', 'production', 'root', 'node', 'kioskctl', 'localhost']);

function contextNames(): string[] {
  try {
    return Object.keys(readSettingsFile(findPaths().settings).contexts);
  } catch {
    return [];
  }
}

function findCompletion(): ReturnType<SystemProbe['findCompletion']> {
  const shell = SHELLS.find((known) => known === basename(process.env.SHELL ?? ''));
  const home = homeFolder(process.env);
  if (!shell || home === null) return null;
  const { file, line } = INSTALLATION[shell];
  const text = readTextOr(join(home, file), { limit: START_FILE_LIMIT_BYTES }, () => '');
  return { shell, file, line, isInstalled: text.includes('kioskctl completion') };
}

/**
 * Describes a folder; if the folder is missing, the parent folder that prevents its creation. Empty if nothing prevents
 * its creation.
 */
function describeFolder(path: string): StoredFile[] {
  const [found] = describeFile(path);
  if (found) return [found.isFolder ? found : { ...found, obstacles: [NO_FOLDER] }];
  const parent = dirname(path);
  if (parent === path) return [];
  return describeFolder(parent).filter(({ obstacles }) => obstacles.length > 0);
}

const NO_FOLDER: FileFault = { code: 'ENOTDIR', reason: 'it is not a folder', fix: null, command: null };

/** Suffixes of files that SQLite and locks keep next to a file. */
const COMPANIONS = ['-wal', '-shm', '.lock'];

function describeFile(path: string): StoredFile[] {
  const stats = statOf(path);
  if (!stats) return [];
  if ('reason' in stats) return [{ path, isFolder: true, mode: null, isOwn: false, obstacles: [stats] }];
  const mode = process.platform === 'win32' ? null : stats.mode & 0o777;
  const companions = COMPANIONS.map((ending) => `${path}${ending}`).filter((file) => existsSync(file));
  const obstacles = [path, ...companions].flatMap((file) => findObstacle(file, 'write') ?? []);
  return [{ path, isFolder: stats.isDirectory(), mode, isOwn: isOwn(stats), obstacles }];
}

/** Returns the fault if a parent folder is not accessible. */
function statOf(path: string): Stats | FileFault | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return explainFault(error, path, 'read');
  }
}

async function resolve(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    const code = systemCode(error, 'unknown');
    throw failure(
      'unreachable',
      `The host name ${host} can't be resolved (${code}).`,
      'Check the network and its name servers; behind a proxy, set HTTPS_PROXY.',
    );
  }
}

/** Reads NODE_EXTRA_CA_CERTS, because Node only warns at its start if the file is unreadable. */
function readAuthorities(): ReturnType<SystemProbe['readAuthorities']> {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return null;
  const count = getCACertificates('extra').length;
  if (count > 0 && existsSync(file)) return { file, count };
  throw failure(
    'settings-unusable',
    `NODE_EXTRA_CA_CERTS is ${file}, which contains no certificate.`,
    'Name a file that can be read, with certificates in PEM.',
  );
}

function readKey(pem: string): ReturnType<SystemProbe['readKey']> {
  try {
    const { asymmetricKeyType = 'key', asymmetricKeyDetails } = createPublicKey(pem);
    return { type: asymmetricKeyType.toUpperCase(), bits: asymmetricKeyDetails?.modulusLength ?? null };
  } catch {
    throw failure(
      'invalid-input',
      'The key of webhooks is not a public key in PEM.',
      'Give a PEM file that begins with -----BEGIN PUBLIC KEY-----.',
    );
  }
}
