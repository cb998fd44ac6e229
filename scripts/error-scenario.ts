// Prints the built-in scenario of all error codes, or writes it (--write): its list of codes is the error catalogue.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERROR_CATALOGUE } from '../src/domain/errors/error-catalogue.ts';

const FILE = fileURLToPath(new URL('../scenarios/every-error-code.yaml', import.meta.url));
const ROW = '        - {code: ';

/** The text of the scenario, with a row for each documented production code and the number of the last attempt. */
export function makeErrorScenario(): string {
  const rows = ERROR_CATALOGUE.filter(({ kind }) => kind === 'production').map(
    ({ code, exitCode, actor, retry }) =>
      `${ROW}${code}, exitCode: ${exitCode}, owner: ${actor}, advice: ${retry}}`,
  );
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const first = lines.findIndex((line) => line.startsWith(ROW));
  const rest = lines.filter((line) => !line.startsWith(ROW));
  return [...rest.slice(0, first), ...rows, ...rest.slice(first)]
    .join('\n')
    .replace(/attempt: \d+}/, `attempt: ${rows.length + 1}}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(FILE, makeErrorScenario());
  else process.stdout.write(makeErrorScenario());
}
