// Programs that judge reports from outside. They have to be there: a report that nobody judged is not tested.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a program is. @param debian the package that brings it */
export function programPath(name: string, debian: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // In one of the next ones, perhaps.
    }
  }
  throw new Error(
    `These tests need ${name}, which is not there: apt-get install -y ${debian} (see CONTRIBUTING.md)`,
  );
}

/** Jenkins' own schema, junit-4, with its licence (MIT) in it. */
const SCHEMA = fileURLToPath(new URL('jenkins-junit.xsd', import.meta.url));

/** What xmllint finds wrong with a JUnit report; nothing when it is valid. */
export function problemsOf(xml: string, file: string): string[] {
  writeFileSync(file, xml);
  const { status, stderr } = xmllint(['--noout', '--schema', SCHEMA, file]);
  return status === 0 ? [] : stderr.split('\n');
}

/** What an XPath expression says of a file, as another parser reads it. */
export function xpath(file: string, expression: string): string {
  return xmllint(['--xpath', expression, file]).stdout.trim();
}

function xmllint(args: string[]) {
  return spawnSync(programPath('xmllint', 'libxml2-utils'), args, { encoding: 'utf8' });
}
