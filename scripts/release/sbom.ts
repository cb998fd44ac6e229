// The bill of materials of the package in CycloneDX: kioskctl, and the libraries whose code is in the bundle.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Component {
  'bom-ref': string;
  name: string;
  version: string;
  properties?: { name: string; value: string }[];
  [field: string]: unknown;
}

/** The part of a document of `npm sbom` that is used here. */
interface Bom {
  serialNumber: string;
  metadata: { timestamp?: string; component: Component; [field: string]: unknown };
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
  [field: string]: unknown;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Returns the bill of materials of a package. npm lists all libraries of the lock file, with licences and checksums; those
 * that are only for development are left out. It has no time and no random number: the same package has the same bill.
 */
export function makeSbom(tarball: string): string {
  const bom = readBom();
  const bundled = new Set(
    JSON.parse(readFileSync(join(ROOT, 'sourcemaps/libraries.json'), 'utf8')) as string[],
  );
  const components = bom.components.filter((one) => bundled.has(one['bom-ref'])).map(withoutDevelopment);
  if (components.length !== bundled.size)
    throw new Error(`${bundled.size} libraries are bundled, and npm sbom has ${components.length} of them.`);
  const sha256 = createHash('sha256').update(readFileSync(tarball)).digest('hex');
  const { timestamp: _time, component, ...metadata } = bom.metadata;
  const root = { ...component, name: 'kioskctl', hashes: [{ alg: 'SHA-256', content: sha256 }] };
  const refs = new Set(components.map((one) => one['bom-ref']));
  return `${JSON.stringify(
    {
      ...bom,
      serialNumber: `urn:uuid:${asUuid(sha256)}`,
      metadata: { ...metadata, component: root },
      components,
      dependencies: bom.dependencies
        .filter(({ ref }) => refs.has(ref) || ref === component['bom-ref'])
        .map(({ ref, dependsOn = [] }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) })),
    },
    null,
    2,
  )}\n`;
}

function readBom(): Bom {
  const printed = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--package-lock-only'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  return JSON.parse(printed) as Bom;
}

/** A bundled library is a development dependency only for npm: users run its code. */
function withoutDevelopment({ properties = [], ...component }: Component): Component {
  return {
    ...component,
    scope: 'required',
    properties: properties.filter(({ name }) => name !== 'cdx:npm:package:development'),
  };
}

/** Makes a UUID of version 8, in which any bits may stand, of a checksum. */
function asUuid(sha256: string): string {
  return sha256.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*/, '$1-$2-8$3-8$4-$5');
}
