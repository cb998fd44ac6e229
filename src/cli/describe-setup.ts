import packageJson from '../../package.json' with { type: 'json' };
import { JOURNAL_SCHEMA } from '../journal/open-journal.ts';
import type { IncidentSetup } from '../support/incident.ts';
import { BASE_URLS } from './open-client.ts';
import type { Settings } from './settings/settings.ts';

/** What kioskctl works with, for those who look into it later: no paths, no credentials, of the base URL only the host. */
export function describeSetup(settings: Settings): IncidentSetup {
  const { environment, contextName, baseUrl, apiVersion, timing } = settings;
  const own = environment === 'local' ? null : BASE_URLS[environment];
  const url = baseUrl ?? own;
  return {
    kioskctl: packageJson.version,
    node: process.version,
    apiVersion,
    journalSchema: JOURNAL_SCHEMA,
    context: contextName,
    environment,
    apiHost: url === null ? null : new URL(url).host,
    timeoutMs: timing.timeout,
    intervalMs: timing.interval,
    settleWindowMs: timing.settleWindow,
  };
}
