// The page docs/errors.md: the error codes of kioskctl with their exit codes, meanings and retry advice.
import { EXIT_CODES } from '../src/domain/errors/exit-codes.ts';
import { FAILURE_CODES } from '../src/domain/errors/failure-codes.ts';

/** Returns the text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(FAILURE_CODES).map(
    ([code, [exitCode, retry, meaning]]) =>
      `| \`${code}\` | ${exitCode ?? '4, 5, 6 or 8'} | ${retry} | ${meaning} |`,
  );
  const exits = EXIT_CODES.map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    '# Errors\n',
    'This page is generated from the error codes (`npm run manifest`). With `--json`, a command that fails prints',
    '`error: {code, message, hint, details?}`. `code` is stable: use it, or the exit code, in scripts. `message` and `hint` are for',
    'people and may change.\n',
    '## Codes\n',
    '"Retry" shows if the same command can be run again: *check first* means that `error.hint` is the command that finds out.\n',
    '| `error.code` | exit code | retry | meaning |',
    '| --- | --- | --- | --- |',
    ...rows,
    '| `node-too-old` | 2 | after the fix | kioskctl needs a newer version of Node. |',
    '\nFor `production-failed` and `production-refused`, `details.errorCode` is the error code of Wise: `kioskctl explain CODE` shows its',
    'meaning, its owner and the exit code.\n',
    '## Exit codes\n',
    '| code | meaning |',
    '| --- | --- |',
    ...exits,
    '\nSeveral cards exit with 0 if all are 0, otherwise with the first of 1, 8, 129, 130, 143, 3, 7, 6, 5, 4, 9, 10, 75, 2, 11 of any',
    'card, or of what stopped the command.\n',
  ].join('\n');
}
