// The examples of a deployment: they are read by their formats, and name flags, variables and metrics that exist.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { ENVIRONMENT_VARIABLES } from '../../src/cli/settings/setting-table.ts';
import { METRICS } from '../../src/serve/metrics.ts';
import { MANIFEST } from '../harness/manifest.ts';

const FOLDER = join(import.meta.dirname, '../../examples/deploy');
const files = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }));

test('the YAML files of examples/deploy are valid YAML', () => {
  const yaml = files.filter(({ name }) => name.endsWith('.yaml'));
  expect(yaml.map(({ name }) => name)).toEqual(['alerts.yaml', 'compose.yaml', 'kubernetes.yaml']);
  const problems = yaml.flatMap(({ text }) =>
    parseAllDocuments(text).flatMap((one) => [...one.errors, ...one.warnings]),
  );
  expect(problems).toEqual([]);
});

test('the files of examples/deploy use flags of serve, and variables of kioskctl', () => {
  const known = new Set(ENVIRONMENT_VARIABLES.flatMap(([names]) => names.split(', ')));
  const flags = files.flatMap(({ text }) =>
    [...text.matchAll(/(?<=serve.*|- )--([a-z-]+)/g)].map(([, flag = '']) => flag),
  );
  expect(flags.length).toBeGreaterThan(8);
  const ofServe = MANIFEST.serve?.flags ?? {};
  expect(flags.filter((flag) => !(flag in ofServe))).toEqual([]);
  const variables = files.flatMap(({ text }) => text.match(/KIOSKCTL_[A-Z_]+/g) ?? []);
  expect(variables.filter((name) => !known.has(name.replace(/_FILE$/, '')))).toEqual([]);
});

test('the alerts use metrics and labels of a server', () => {
  const { text = '' } = files.find(({ name }) => name === 'alerts.yaml') ?? {};
  const used = [...text.matchAll(/kioskctl_([a-z_]+?)(?:_bucket)?\b(?=[ {[)])/g)].map(
    ([, name = '']) => name,
  );
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((name) => !(name in METRICS))).toEqual([]);
});
