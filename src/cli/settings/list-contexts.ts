import type { Environment } from '../../context/context.ts';
import { ENVIRONMENTS } from './choose-context.ts';
import type { SettingKey } from './find-values.ts';
import type { Settings } from './settings.ts';
import type { SettingsFile } from './settings-file.ts';
import type { Origin } from './sources.ts';

export interface ListedContext {
  name: string;
  environment: Environment;
  profileId: number | null;
  kiosks: readonly string[];
  program: string | null;
  baseUrl: string | null;
  /** Made of environment variables and flags only. */
  isImplicit: boolean;
}

/** The contexts of the settings file by name, then the implicit ones that it doesn't have. */
export function listContexts({ contexts }: SettingsFile): ListedContext[] {
  const own = Object.entries(contexts)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, { environment, profileId = null, kiosks, program = null, baseUrl = null }]) => {
      return { name, environment, profileId, kiosks, program, baseUrl, isImplicit: false };
    });
  const implicit = ENVIRONMENTS.filter((name) => !Object.hasOwn(contexts, name)).map((name) => {
    const nothing = { profileId: null, kiosks: [], program: null, baseUrl: null };
    return { name, environment: name, ...nothing, isImplicit: true };
  });
  return [...own, ...implicit];
}

export interface ShownValue extends Origin {
  value: string | number | readonly string[] | { certFile: string; keyFile: string } | null;
}

/** Each value that commands would use, with where it comes from. */
export function describeSettings(settings: Settings): Record<SettingKey | 'baseUrl', ShownValue> {
  const { origins, baseUrl, apiVersion, profileId, kiosks, kioskId, program } = settings;
  const { clientKey, credentialCommand, certificate, runbook, publicKey } = settings;
  return {
    baseUrl: { value: baseUrl, ...origins.baseUrl },
    apiVersion: { value: apiVersion, ...origins.apiVersion },
    profileId: { value: profileId, ...origins.profileId },
    kiosks: { value: kiosks, ...origins.kiosks },
    kiosk: { value: kioskId, ...origins.kiosk },
    program: { value: program, ...origins.program },
    clientKey: { value: clientKey, ...origins.clientKey },
    credentialCommand: { value: credentialCommand, ...origins.credentialCommand },
    certificate: { value: certificate, ...origins.certificate },
    runbook: { value: runbook, ...origins.runbook },
    publicKey: { value: publicKey, ...origins.publicKey },
  };
}
