import { type ChosenContext, contextOrigin } from './choose-context.ts';
import type { ProjectFile } from './project-file.ts';
import { toApiVersion, toProfile } from './setting-table.ts';
import type { ContextSettings } from './settings-file.ts';
import { asName, byDefault, type Found, type Origin, type Sources } from './sources.ts';

const LOCAL_PROFILE = 1001;
const LOCAL_KIOSKS = ['WIS00001', 'WIS00002', 'WIS00003'];

/** What a context says, as far as files keep it: each value with where it comes from. */
export interface FoundValues {
  apiVersion: Found<string>;
  profileId: Found<number | null>;
  kiosks: Found<readonly string[]>;
  /** The one that is meant when none is named. */
  kiosk: Found<string | null>;
  program: Found<string | null>;
  clientKey: Found<string | null>;
  credentialCommand: Found<readonly string[] | null>;
  certificate: Found<{ certFile: string; keyFile: string } | null>;
  runbook: Found<string | null>;
  publicKey: Found<string | null>;
}

export type SettingKey = keyof FoundValues;

/** What a project file may say, besides the context. */
type ProjectKey = 'profileId' | 'kiosks' | 'kiosk' | 'program' | 'runbook';

interface Files {
  chosen: ChosenContext;
  project: ProjectFile | null;
}

/** @throws Failure `usage` for a value that can't be read */
export function findValues(sources: Sources, files: Files): FoundValues {
  const isLocal = files.chosen.environment === 'local';
  const ofContext = keptBy(files.chosen);
  const kept = <Key extends ProjectKey>(key: Key) => ofProject(files.project, key) ?? ofContext(key);
  const apiVersion = ofContext('apiVersion');
  return {
    apiVersion:
      sources.find({ variable: 'KIOSKCTL_API_VERSION' }, toApiVersion) ??
      (apiVersion ? { ...apiVersion, value: toApiVersion(apiVersion.value) } : byDefault('legacy')),
    profileId:
      sources.find({ flag: 'profile-id', variable: 'KIOSKCTL_PROFILE_ID' }, toProfile) ??
      kept('profileId') ??
      byDefault(isLocal ? LOCAL_PROFILE : null),
    ...findKiosks(files, ofContext),
    program: sources.find({ variable: 'KIOSKCTL_PROGRAM' }, asName) ?? kept('program') ?? byDefault(null),
    clientKey: ofContext('clientKey') ?? byDefault(null),
    credentialCommand: ofContext('credentialCommand') ?? byDefault(null),
    certificate: ofContext('certificate') ?? byDefault(null),
    runbook: kept('runbook') ?? byDefault(null),
    publicKey: ofContext('publicKey') ?? byDefault(null),
  };
}

/**
 * The kiosks, and which of them is meant when none is named: the one that was chosen for it, or the only one. Of several
 * nobody is to guess one: the card would be printed where nobody waits.
 */
function findKiosks({ chosen, project }: Files, ofContext: OfContext): Pick<FoundValues, 'kiosks' | 'kiosk'> {
  const ofFiles = [ofProject(project, 'kiosks'), ofContext('kiosks')].find((found) => found?.value.length);
  const kiosks = ofFiles ?? byDefault(chosen.environment === 'local' ? LOCAL_KIOSKS : []);
  const usual = ofContext('kiosk');
  // The default of a context is of its own kiosks: a project that names others has another, or none.
  const isOfOthers = kiosks.origin.source === 'project-file' && !kiosks.value.includes(usual?.value ?? '');
  const kiosk = ofProject(project, 'kiosk') ?? (isOfOthers ? undefined : usual);
  if (!kiosk) {
    const [only = null, ...others] = kiosks.value;
    return { kiosks, kiosk: others.length === 0 ? { ...kiosks, value: only } : byDefault(null) };
  }
  const all = kiosks.value.includes(kiosk.value) ? kiosks.value : [...kiosks.value, kiosk.value];
  return { kiosks: { ...kiosks, value: all }, kiosk };
}

function ofProject<Key extends ProjectKey>(
  project: ProjectFile | null,
  key: Key,
): Found<NonNullable<ProjectFile[Key]>> | undefined {
  const value = project?.[key];
  if (!project || value === undefined) return undefined;
  return { value, origin: { source: 'project-file', from: project.file } };
}

type OfContext = ReturnType<typeof keptBy>;

function keptBy({ name, settings }: ChosenContext) {
  return <Key extends keyof ContextSettings>(
    key: Key,
  ): Found<NonNullable<ContextSettings[Key]>> | undefined => {
    const value = settings?.[key];
    return value === undefined || value === null ? undefined : { value, origin: contextOrigin(name) };
  };
}

/** The values without where they are from, for the settings. The kiosk may still be named by a flag. */
export function valuesOf(found: Omit<FoundValues, 'kiosk'>) {
  return {
    apiVersion: found.apiVersion.value,
    profileId: found.profileId.value,
    kiosks: found.kiosks.value,
    program: found.program.value,
    clientKey: found.clientKey.value,
    credentialCommand: found.credentialCommand.value,
    certificate: found.certificate.value,
    runbook: found.runbook.value,
    publicKey: found.publicKey.value,
  };
}

export function originsOf(found: FoundValues): Record<SettingKey, Origin> {
  return {
    apiVersion: found.apiVersion.origin,
    profileId: found.profileId.origin,
    kiosks: found.kiosks.origin,
    kiosk: found.kiosk.origin,
    program: found.program.origin,
    clientKey: found.clientKey.origin,
    credentialCommand: found.credentialCommand.origin,
    certificate: found.certificate.origin,
    runbook: found.runbook.origin,
    publicKey: found.publicKey.origin,
  };
}
