/** The parties that may have to fix the cause of an error. */
export const ACTORS = ['kiosk-attendant', 'operations', 'integration', 'wise'] as const;
export type Actor = (typeof ACTORS)[number];

/** Names of the parties in texts. JSON documents contain the ids. */
export const ACTOR_NAMES: Readonly<Record<Actor, string>> = {
  'kiosk-attendant': 'the kiosk attendant',
  operations: 'operations',
  integration: 'the integration team',
  wise: 'Wise',
};

/**
 * Advice on retrying a production. `now`: retry immediately. `after-fix`: fix the cause first. `reconcile`: check the
 * production first, because the request may have been accepted. `never`: order a new card. Only a team's runbook can
 * say `never`; Wise documents no error as final.
 */
export const RETRY_ADVICE = ['now', 'after-fix', 'reconcile', 'never'] as const;
export type RetryAdvice = (typeof RETRY_ADVICE)[number];

/** `request`: a refused produce request (REQUEST_ERROR). `production`: a failed production (PRODUCTION_ERROR). */
export type ErrorKind = 'request' | 'production';

/** A row of the error tables. `assumption`: a cause or meaning that Wise does not document. */
type ErrorRow = readonly [
  code: string,
  actor: Actor,
  retry: RetryAdvice,
  meaning: string,
  nextStep: string,
  assumption?: string,
];

/** The production errors that Wise documents (PRODUCTION_ERROR). */
// biome-ignore format: a table, one code a line
export const PRODUCTION_ERRORS: readonly ErrorRow[] = [
  ['CB_NOT_AVAILABLE', 'wise', 'after-fix', "The manufacturer's main server is down.", 'Ask Wise about the outage. Retry when it is over.'],
  ['CB_DB_NOT_AVAILABLE', 'wise', 'after-fix', "The database of the manufacturer's main server is down.", 'Ask Wise about the outage. Retry when it is over.'],
  ['CB_NETWORK_NOT_AVAILABLE', 'wise', 'after-fix', "The network of the manufacturer's main server is down.", 'Ask Wise about the outage. Retry when it is over.'],
  ['CB_AUTHENTICATION_FAILED', 'wise', 'after-fix', "The manufacturer's main server refused the kiosk's user.", 'Ask Wise to check the access of the kiosk.'],
  ['CB_SERVICE_NOT_ALLOWED', 'wise', 'after-fix', "The kiosk lacks the rights for the service on the manufacturer's main server.", 'Ask Wise to check the access of the kiosk.'],
  ['CB_TIME', 'wise', 'now', "The manufacturer's main server took too long.", 'Retry. If it fails again, ask Wise.'],
  ['DP_NOT_AVAILABLE', 'wise', 'after-fix', 'The data preparation module is down.', 'Ask Wise about the outage. Retry when it is over.'],
  ['DP_IO_ERROR', 'wise', 'now', 'The connection to the data preparation module was lost.', 'Retry. If it fails again, ask Wise.'],
  ['DP_TIMEOUT', 'wise', 'now', 'The data preparation module took too long.', 'Retry. If it fails again, ask Wise.'],
  ['SAT_SERVER_NOT_REACHABLE', 'operations', 'after-fix', 'The agent of the kiosk does not reach its server.', 'Check the network between kiosk and server, then retry.'],
  ['SAT_AUTHENTICATION_FAILED', 'operations', 'after-fix', 'The agent of the kiosk was refused by its server.', "Ask the manufacturer to check the configuration of the kiosk's agent (user and password), then retry."],
  ['SAT_NETWORK_NOT_AVAILABLE', 'operations', 'after-fix', 'The agent of the kiosk has no network.', 'Restore the network of the kiosk, then retry.'],
  ['PRT_NOT_REACHABLE', 'kiosk-attendant', 'after-fix', 'The printer does not answer.', 'Check that the printer is on and connected, then retry.'],
  ['PRT_SETUP_ERROR', 'operations', 'after-fix', 'The configuration of the printer is wrong.', 'Correct the configuration of the printer, then retry.'],
  ['PRT_TIMEOUT', 'kiosk-attendant', 'after-fix', 'The printer took too long.', 'Check the printer: clear a jam or restart it, then retry.'],
  ['PRT_RIBBON', 'kiosk-attendant', 'after-fix', 'The printer reports a problem with the ribbon.', 'Seat the ribbon again or replace it, then retry.'],
  ['PRT_LOCK_ERROR', 'kiosk-attendant', 'after-fix', 'The printer is not locked.', 'Lock the printer, then retry.'],
  ['PRT_RIBBON_MISSING', 'kiosk-attendant', 'after-fix', 'There is no ribbon in the printer.', 'Insert a ribbon, then retry.'],
  ['PRT_RIBBON_ENDED', 'kiosk-attendant', 'after-fix', 'The ribbon is used up.', 'Replace the ribbon, then retry.'],
  ['PRT_COVER_OPEN', 'kiosk-attendant', 'after-fix', 'The cover of the printer is open.', 'Close the cover, then retry.'],
  ['PRT_PAUSED', 'kiosk-attendant', 'after-fix', 'The printer is paused.', 'Resume the printer, then retry.'],
  ['PRD_UNEXPECTED_DATA', 'wise', 'after-fix', 'The data of the card are not what the machine expects.', 'Ask Wise to check the data of the card, quoting the trace id.'],
  ['PRD_FEEDER_EMPTY', 'kiosk-attendant', 'after-fix', 'There are no blank cards left in the feeder.', 'Fill the feeder, then retry.'],
  ['PRD_FEEDER_JAM', 'kiosk-attendant', 'after-fix', 'A card is stuck in the feeder.', 'Clear the feeder, then retry.'],
  ['PRD_HOPPER_FULL', 'kiosk-attendant', 'after-fix', 'The hopper is full.', 'Empty the hopper, then retry.'],
  ['PRD_HOPPER_DOOR', 'kiosk-attendant', 'after-fix', 'The hopper door is open.', 'Close the hopper door, then retry.'],
  ['PRD_HOPPER_JAM', 'kiosk-attendant', 'after-fix', 'A card is stuck in the hopper.', 'Clear the hopper, then retry.'],
  ['PRD_MAGSTRIPE', 'kiosk-attendant', 'after-fix', 'The magnetic stripe could not be written.', 'Remove the rejected card, clean the encoder, then retry. If it fails again, ask Wise.'],
  ['PRD_SMARTCARD', 'kiosk-attendant', 'after-fix', 'The chip could not be personalised.', 'Remove the rejected card, check the blank cards, then retry. If it fails again, ask Wise.'],
  ['PRD_EMBOSSER', 'kiosk-attendant', 'after-fix', 'The card could not be embossed.', 'Remove the rejected card, check the embosser, then retry.'],
  ['PRD_TIMEOUT', 'kiosk-attendant', 'after-fix', 'The production took too long.', 'Check the rejection hopper, and that someone is waiting at the kiosk, then retry.', 'the card was not collected in time.'],
  ['PRD_REJECT_FULL', 'kiosk-attendant', 'after-fix', 'The box for rejected cards is full.', 'Empty the rejection box, destroy its cards, then retry.'],
  ['PRD_SMARTCARD_CARD_NOT_IN_READER', 'kiosk-attendant', 'after-fix', 'The card did not reach the chip reader.', 'Check for a jammed or missing card, then retry.'],
  ['PRD_FINAL_VALIDATION_NOK', 'operations', 'after-fix', 'Someone at the kiosk rejected the card in the final check.', 'Ask what was wrong with the card, then retry.'],
  ['INV_NOT_INITIALIZED', 'operations', 'after-fix', "The kiosk's inventory of blank cards was never set up.", 'Set up the inventory of the kiosk, then retry.'],
  ['UNKNOWN_ERROR', 'operations', 'after-fix', 'The production failed for a reason that the machine did not report.', 'Check the kiosk. If nothing is wrong there, retry once, then ask Wise.'],
];

const DATA_GONE = 'the card is over 60 days old.';
const CHECK_AGE =
  'Check the age of the card first (kioskctl status): after 60 days its data are gone, and only a new order helps. Otherwise ask Wise which field it is, quoting the trace id.';

/** The request errors that Wise documents (422, REQUEST_ERROR). */
// biome-ignore format: a table, one code a line
export const REQUEST_ERRORS: readonly ErrorRow[] = [
  ['UNKNOWN_ERROR', 'wise', 'reconcile', 'Wise failed while it handled the request.', 'Check the production until it changes or the settle window is over. Only then produce the card again.', 'the request may have been accepted nevertheless.'],
  ['REQUEST_ALREADY_EXISTS', 'operations', 'reconcile', 'A production request for this card is already with the manufacturer.', 'Check the production: the card may be printing, sent from here or by another system.'],
  ['KIOSK_ID_NOT_FOUND', 'operations', 'after-fix', 'The manufacturer knows no kiosk with this id.', 'Check the kiosk id against the list of your kiosks, then retry with the right one (--to-kiosk).'],
  ['CARD_TYPE_NOT_FOUND', 'wise', 'after-fix', 'The manufacturer has no card product for the type of this card.', 'Ask Wise to check how the card program is set up at the manufacturer.'],
  ['INVALID_FIELD_VALUE', 'wise', 'after-fix', 'A value in the data of the card is not one that the manufacturer expects.', 'Ask Wise which field it is, quoting the trace id.'],
  ['INVALID_PIN_FORMAT', 'wise', 'after-fix', "The PIN block of the card follows neither of the manufacturer's formats (ISO-0, ISO-2).", 'Ask Wise to check the PIN block, quoting the trace id. If your team presets PINs, check how it encodes them first.'],
  ['EMPTY_OR_NULL_FIELD_VALUE', 'wise', 'after-fix', 'A field that the manufacturer needs is empty.', CHECK_AGE, DATA_GONE],
  ['EMPTY_OR_NULL_OR_WRONG_SIZE_FIELD_VALUE', 'wise', 'after-fix', 'A field that the manufacturer needs is empty or has the wrong length.', CHECK_AGE, DATA_GONE],
  ['CHARSET_NOT_SUPPORTED', 'integration', 'after-fix', 'The data of the card have characters that are not supported.', 'Check the name of the order. If its characters are the cause, cancel the order and order the card with another spelling; otherwise ask Wise, quoting the trace id.', 'the likely cause is the name on the card.'],
  ['INVALID_FIELD_FORMAT', 'wise', 'after-fix', 'A field in the data of the card has the wrong format.', 'Ask Wise which field it is, quoting the trace id.'],
  ['INVALID_FIELD_ENCODING', 'wise', 'after-fix', 'A field in the data of the card is encoded in an unexpected way.', 'Ask Wise which field it is, quoting the trace id.'],
  ['CDATA_ENCODING_OR_FORMATING_ERROR', 'wise', 'after-fix', 'A text field of the request to the manufacturer is wrongly encoded or formatted.', 'Ask Wise which field it is, quoting the trace id.'],
  ['PIN_LENGTH_ERROR', 'wise', 'after-fix', 'The PIN of the card has the wrong length.', 'Ask Wise to check the PIN, quoting the trace id. If your team presets PINs, check their length first.'],
  ['PIN_VERIFICATION_FAILED', 'wise', 'now', 'The server that verifies PINs did not answer.', 'Retry in a few minutes. If it fails again, ask Wise.'],
  ['DATA_PREPARATION_FAILED', 'wise', 'after-fix', 'The manufacturer could not read the request.', 'Ask Wise to check the request, quoting the trace id.'],
  ['PARTIAL_DATA_RECEIVED', 'wise', 'now', 'Only a part of the data of the card arrived at the manufacturer.', 'Retry. If it fails again, ask Wise.'],
  ['NO_BRANCH_LINKED_TO_KIOSK', 'wise', 'after-fix', 'The kiosk is not linked to any branch at the manufacturer.', 'Ask Wise to have the kiosk linked, or produce the card at another kiosk (--to-kiosk).'],
  ['IMAGE_SERVER_ERROR', 'wise', 'now', 'The image server did not answer, or could not process the data.', 'Retry in a few minutes. If it fails again, the data may be the cause: ask Wise, quoting the trace id.'],
  ['PAN_ALREADY_EXISTS', 'wise', 'reconcile', 'The manufacturer already has this card number.', 'Ask Wise whether the card was produced, quoting the trace id. Do not order again before the answer: the customer could get two cards.', 'an earlier request for the card was accepted.'],
  ['PRINTER_OR_SATELLITE_NOT_READY', 'kiosk-attendant', 'after-fix', 'The printer of the kiosk, or the agent that drives it, is not ready.', 'Check that the kiosk is on, closed, stocked and online, then retry.'],
  ['REQUEST_CREATED_BUT_NOT_STARTED', 'kiosk-attendant', 'reconcile', 'The request is at the kiosk and starts automatically as soon as the printer is ready.', 'Make the printer ready and wait; do not send the card again.'],
  ['UNABLE_TO_ACCEPT_REQUEST', 'wise', 'now', 'The manufacturer is too busy to take requests at the moment.', 'Retry in a few minutes.'],
];
