// The page docs/errors.md: the error codes of kioskctl with their exit codes, meanings and retry advice.
import { EXIT_CODES } from '../src/domain/errors/exit-codes.ts';
import { Failure, type FailureCode, failureCodes } from '../src/domain/errors/failure.ts';

type Retry = 'yes' | 'after the fix' | 'check first' | 'no';

/** The meaning of each code, and whether running the same command again helps. */
const ERRORS: Record<FailureCode, readonly [retry: Retry, meaning: string]> = {
  'internal-error': ['no', 'A bug in kioskctl. Please report it.'],
  usage: ['after the fix', 'A flag or argument is wrong or missing.'],
  'unknown-command': ['after the fix', 'There is no such command.'],
  'invalid-reference': [
    'after the fix',
    'A card reference is not valid, or matches no card or several cards of the journal.',
  ],
  'invalid-input': ['after the fix', 'A file or standard input can’t be read or is not valid.'],
  'input-required': [
    'after the fix',
    'A value or an approval is missing, and kioskctl could not prompt for it.',
  ],
  'environment-not-chosen': [
    'after the fix',
    'A credential, profile or base URL is set without an environment or context.',
  ],
  'environment-mismatch': [
    'after the fix',
    'Context, environment, base URL or piped document belong to different environments.',
  ],
  'profile-mismatch': ['after the fix', 'The card belongs to another profile than --profile-id.'],
  'settings-unusable': [
    'after the fix',
    'The settings file or the project file can’t be read or is not valid.',
  ],
  'storage-unusable': ['after the fix', 'A file or folder of kioskctl can’t be read or written.'],
  'credentials-missing': ['after the fix', 'There is no token for the profile.'],
  'credentials-unusable': ['after the fix', 'A credential, certificate or credential command is not valid.'],
  'credentials-refused': [
    'after the fix',
    'Wise refused the credentials, or the token has no access to the profile.',
  ],
  'production-failed': [
    'after the fix',
    'The kiosk did not produce the card. details.errorCode has the cause; use retry.',
  ],
  'production-refused': [
    'after the fix',
    'The request to produce the card was refused. details.errorCode has the cause; use retry.',
  ],
  'too-many-failures': [
    'after the fix',
    'Too many cards failed at a kiosk. The other cards were not started.',
  ],
  'requirement-failed': ['no', 'A requirement of the order failed.'],
  'approval-required': ['no', 'Wise requires the user’s own approval (strong customer authentication).'],
  'card-expired': ['no', 'The card is over 60 days old. Cancel its order, then order again.'],
  'order-cancelled': ['no', 'The order is cancelled. Order again.'],
  'order-returned': ['no', 'The card was returned. Order again.'],
  unreachable: ['yes', 'The API could not be reached. Nothing was sent.'],
  'api-failing': ['yes', 'The API kept failing (5xx).'],
  'answer-unreadable': ['yes', 'An answer of the API could not be read.'],
  'rate-limited': ['yes', 'The API kept limiting requests (429).'],
  'not-seen': ['yes', 'Wise showed no sign of the request for the whole settle window.'],
  'outcome-unknown': ['check first', 'The request may have been accepted. Run the command of the hint.'],
  'not-confirmed': [
    'after the fix',
    'The action was not confirmed, or an approval was declined. Nothing was sent.',
  ],
  'sandbox-only': ['no', 'The command works only in a sandbox.'],
  'wrong-stage': ['after the fix', 'The stage of the card does not allow this action.'],
  'not-a-kiosk-order': ['no', 'The card is not delivered at a kiosk.'],
  'attempt-open': ['check first', 'Another attempt on the card is open.'],
  leased: ['yes', 'Another process has locked the card, the kiosk or the run.'],
  'kiosk-held': ['after the fix', 'The kiosk is on hold.'],
  'attempt-superseded': ['check first', 'A later attempt replaced this one.'],
  'nothing-to-retry': ['no', 'The card has not failed.'],
  'journal-unusable': ['after the fix', 'The journal can’t be used. Nothing was sent.'],
  'journal-replaced': [
    'after the fix',
    'The journal was replaced while the command used it. Nothing more was sent.',
  ],
  'journal-in-use': ['yes', 'A process uses the journal.'],
  'no-listener': ['after the fix', 'No webhook listener is running with this journal.'],
  rejected: ['after the fix', 'Wise rejected the request.'],
  'not-found': ['after the fix', 'There is no such card, order, run, event or subscription.'],
  'limit-reached': ['after the fix', 'The profile has reached its limit of cards.'],
  'address-rejected': ['after the fix', 'Wise rejected the address.'],
  'signature-invalid': ['after the fix', 'The signature of a webhook does not match.'],
  'expectation-unmet': ['after the fix', 'An expectation of a scenario was not met.'],
  'deadline-passed': ['yes', 'The timeout of a wait passed.'],
  'hung-up': ['check first', 'The command was ended by SIGHUP.'],
  interrupted: ['check first', 'The command was ended by Ctrl-C.'],
  terminated: ['check first', 'The command was ended by SIGTERM.'],
};

function isFailureCode(code: string): code is FailureCode {
  return Object.hasOwn(ERRORS, code);
}

/** Returns the text of docs/errors.md. */
export function errorsPage(): string {
  const codes = failureCodes().filter(isFailureCode);
  const rows = codes.map((code) => {
    const [retry, meaning] = ERRORS[code];
    // Without an exit code of its own, the failure takes the one passed here: that of the catalogue.
    const { exitCode } = new Failure(code, '', { hint: '', exitCode: 4 });
    return `| \`${code}\` | ${exitCode === 4 ? '4, 5, 6 or 8' : exitCode} | ${retry} | ${meaning} |`;
  });
  const exits = EXIT_CODES.map(({ code, meaning }) => `| ${code} | ${meaning} |`);
  return [
    '# Errors\n',
    'This page is generated from the error codes (`npm run manifest`). With `--json`, a command that fails prints',
    '`error: {code, message, hint, details?}`. `code` is stable: use it, or the exit code, in scripts. `message` and `hint` are for',
    'people and may change.\n',
    '## Codes\n',
    '"Retry" tells whether the same command can be run again: *check first* means that `error.hint` is the command that finds out.\n',
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
