import type { ExitCode } from './exit-codes.ts';

/** Advice on repeating the same command. `check first`: first run the command that the hint names. */
type Retry = 'yes' | 'after the fix' | 'check first' | 'no';

/**
 * All failure codes with exit code, retry advice and meaning. `null`: the exit code depends on the production error (see
 * the error catalogue).
 */
export const FAILURE_CODES = {
  'internal-error': [1, 'no', 'A bug in kioskctl. Please report it.'],

  usage: [2, 'after the fix', 'A flag or argument is wrong or missing.'],
  'unknown-command': [2, 'after the fix', 'There is no such command.'],
  'invalid-reference': [
    2,
    'after the fix',
    'A card reference is not valid, or matches no card or several cards of the journal.',
  ],
  'invalid-input': [2, 'after the fix', 'A file or standard input can’t be read or is not valid.'],
  'input-required': [
    2,
    'after the fix',
    'A value or an approval is missing, and kioskctl could not prompt for it.',
  ],
  'environment-not-chosen': [
    2,
    'after the fix',
    'A credential, profile or base URL is set without an environment or context.',
  ],
  'environment-mismatch': [
    2,
    'after the fix',
    'Context, environment, base URL or piped document belong to different environments.',
  ],
  'profile-mismatch': [2, 'after the fix', 'The card belongs to another profile than --profile-id.'],
  'settings-unusable': [
    2,
    'after the fix',
    'The settings file or the project file can’t be read or is not valid.',
  ],
  'storage-unusable': [2, 'after the fix', 'A file or folder of kioskctl can’t be read or written.'],

  'credentials-missing': [3, 'after the fix', 'There is no token for the profile.'],
  'credentials-unusable': [
    3,
    'after the fix',
    'A credential, certificate or credential command is not valid.',
  ],
  'credentials-refused': [
    3,
    'after the fix',
    'Wise refused the credentials, or the token has no access to the profile.',
  ],

  'production-failed': [
    null,
    'after the fix',
    'The kiosk did not produce the card. details.errorCode has the cause; use retry.',
  ],
  'production-refused': [
    null,
    'after the fix',
    'The request to produce the card was refused. details.errorCode has the cause; use retry.',
  ],
  'too-many-failures': [
    null,
    'after the fix',
    'Too many cards failed at a kiosk. The other cards were not started.',
  ],

  'requirement-failed': [5, 'no', 'A requirement of the order failed.'],
  'approval-required': [5, 'no', 'Wise requires the user’s own approval (strong customer authentication).'],

  'card-expired': [6, 'no', 'The card is over 60 days old. Cancel its order, then order again.'],
  'order-cancelled': [6, 'no', 'The order is cancelled. Order again.'],
  'order-returned': [6, 'no', 'The card was returned. Order again.'],

  unreachable: [7, 'yes', 'The API or a receiver could not be reached.'],
  'api-failing': [7, 'yes', 'The API kept failing (5xx).'],
  'answer-unreadable': [7, 'yes', 'An answer of the API could not be read.'],
  'rate-limited': [7, 'yes', 'The API kept limiting requests (429).'],
  'not-seen': [7, 'yes', 'Wise showed no sign of the request for the whole settle window.'],

  'outcome-unknown': [8, 'check first', 'The request may have been accepted. Run the command of the hint.'],

  'not-confirmed': [
    9,
    'after the fix',
    'The action was not confirmed, or an approval was declined. Nothing was sent.',
  ],
  'sandbox-only': [9, 'no', 'The command works only in a sandbox.'],
  'wrong-stage': [9, 'after the fix', 'The stage of the card does not allow this action.'],
  'not-a-kiosk-order': [9, 'no', 'The card is not delivered at a kiosk.'],
  'attempt-open': [9, 'check first', 'Another attempt on the card is open.'],
  leased: [9, 'yes', 'Another process has locked the card, the kiosk or the run.'],
  'kiosk-held': [9, 'after the fix', 'The kiosk is on hold.'],
  'attempt-superseded': [9, 'check first', 'A later attempt replaced this one.'],
  'nothing-to-retry': [9, 'no', 'The card has not failed.'],
  'journal-unusable': [9, 'after the fix', 'The journal can’t be used. Nothing was sent.'],
  'journal-replaced': [
    9,
    'after the fix',
    'The journal was replaced while the command used it. Nothing more was sent.',
  ],
  'journal-moved': [9, 'after the fix', 'The records of the journal were moved to another journal.'],
  'journal-in-use': [9, 'yes', 'A process uses the journal.'],
  'no-server': [
    9,
    'after the fix',
    'No server accepts detached plans with this journal, context, API, credentials and version.',
  ],
  'plan-open': [9, 'after the fix', 'A detached plan for the kiosk is open. Cancel it first.'],
  'plan-held': [9, 'after the fix', 'The kiosk was put on hold after the detached plan was approved.'],
  'plan-stopped': [
    9,
    'no',
    'The run is no detached plan, or the plan has ended, was stopped, or can’t be changed in its state.',
  ],
  'no-listener': [9, 'after the fix', 'No webhook listener is running with this journal.'],

  rejected: [10, 'after the fix', 'Wise rejected the request.'],
  'not-found': [10, 'after the fix', 'There is no such card, order, run, event or subscription.'],
  'limit-reached': [10, 'after the fix', 'The profile has reached its limit of cards.'],
  'address-rejected': [10, 'after the fix', 'Wise rejected the address.'],
  'signature-invalid': [10, 'after the fix', 'The signature of a webhook does not match.'],

  'expectation-unmet': [11, 'after the fix', 'An expectation of a scenario was not met.'],

  'deadline-passed': [75, 'yes', 'The timeout of a wait passed.'],
  'hung-up': [129, 'check first', 'The command was ended by SIGHUP.'],
  interrupted: [130, 'check first', 'The command was ended by Ctrl-C.'],
  terminated: [143, 'check first', 'The command was ended by SIGTERM.'],
} as const satisfies Record<string, readonly [exitCode: ExitCode | null, retry: Retry, meaning: string]>;

export type FailureCode = keyof typeof FAILURE_CODES;
