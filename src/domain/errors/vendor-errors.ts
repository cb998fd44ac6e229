/** Everyone who may have to act before the card can be produced. */
export const ACTORS = ['kiosk-attendant', 'operations', 'integration', 'wise'] as const;
export type Actor = (typeof ACTORS)[number];

/** The names of actors in texts; documents have the ids. */
export const ACTOR_NAMES: Readonly<Record<Actor, string>> = {
  'kiosk-attendant': 'the kiosk attendant',
  operations: 'operations',
  integration: 'the integration team',
  wise: 'Wise',
};

/**
 * Advice on producing the card again: immediately, after the cause is fixed, after a check of the production (the
 * request may have been accepted), or never (order a new card).
 */
export const RETRY_ADVICE = ['now', 'after-fix', 'reconcile', 'never'] as const;
export type RetryAdvice = (typeof RETRY_ADVICE)[number];

/** `request`: the answer to a produce request (REQUEST_ERROR); `production`: a failed production (PRODUCTION_ERROR). */
export type ErrorKind = 'request' | 'production';

type ErrorRow = readonly [code: string, actor: Actor, retry: RetryAdvice, meaning: string, nextStep: string];

/** The documented causes of a failed production (PRODUCTION_ERROR). */
// biome-ignore format: a table, one code a line
export const PRODUCTION_ERRORS: readonly ErrorRow[] = [
  ['CB_NOT_AVAILABLE', 'wise', 'after-fix', "The manufacturer's main server is down.", 'Ask Wise about the outage; retry once it is over.'],
  ['CB_DB_NOT_AVAILABLE', 'wise', 'after-fix', "The database of the manufacturer's main server is down.", 'Ask Wise about the outage; retry once it is over.'],
  ['CB_NETWORK_NOT_AVAILABLE', 'wise', 'after-fix', "The network of the manufacturer's main server is down.", 'Ask Wise about the outage; retry once it is over.'],
  ['CB_AUTHENTICATION_FAILED', 'wise', 'after-fix', "The manufacturer's main server refused the kiosk's user.", 'Ask Wise to have the access of the kiosk checked.'],
  ['CB_SERVICE_NOT_ALLOWED', 'wise', 'after-fix', "The kiosk lacks the rights for the service on the manufacturer's main server.", 'Ask Wise to have the access of the kiosk checked.'],
  ['CB_TIME', 'wise', 'now', "The manufacturer's main server took too long.", 'Retry; if it stays, ask Wise.'],
  ['DP_NOT_AVAILABLE', 'wise', 'after-fix', 'The module that prepares the data of cards is down.', 'Ask Wise about the outage; retry once it is over.'],
  ['DP_IO_ERROR', 'wise', 'now', 'The exchange with the module that prepares the data of cards broke off.', 'Retry; if it stays, ask Wise.'],
  ['DP_TIMEOUT', 'wise', 'now', 'The module that prepares the data of cards took too long.', 'Retry; if it stays, ask Wise.'],
  ['SAT_SERVER_NOT_REACHABLE', 'operations', 'after-fix', 'The agent of the kiosk does not reach its server.', 'Check the network between kiosk and server, then retry.'],
  ['SAT_AUTHENTICATION_FAILED', 'operations', 'after-fix', 'The agent of the kiosk was refused by its server.', 'Check the credentials that the agent of the kiosk is set up with, then retry.'],
  ['SAT_NETWORK_NOT_AVAILABLE', 'operations', 'after-fix', 'The agent of the kiosk has no network.', 'Bring the network of the kiosk back, then retry.'],
  ['PRT_NOT_REACHABLE', 'kiosk-attendant', 'after-fix', 'The printer does not answer.', 'Check that the printer is on and connected, then retry.'],
  ['PRT_SETUP_ERROR', 'operations', 'after-fix', 'The printer is set up wrongly.', 'Correct the set-up of the printer, then retry.'],
  ['PRT_TIMEOUT', 'kiosk-attendant', 'after-fix', 'The printer took too long.', 'Look at the printer: clear what blocks it or restart it, then retry.'],
  ['PRT_RIBBON', 'kiosk-attendant', 'after-fix', 'Something is wrong with the ribbon.', 'Seat the ribbon again or replace it, then retry.'],
  ['PRT_LOCK_ERROR', 'kiosk-attendant', 'after-fix', 'The printer is not locked.', 'Lock the printer, then retry.'],
  ['PRT_RIBBON_MISSING', 'kiosk-attendant', 'after-fix', 'There is no ribbon in the printer.', 'Put a ribbon in, then retry.'],
  ['PRT_RIBBON_ENDED', 'kiosk-attendant', 'after-fix', 'The ribbon is used up.', 'Replace the ribbon, then retry.'],
  ['PRT_COVER_OPEN', 'kiosk-attendant', 'after-fix', 'The cover of the printer is open.', 'Close the cover, then retry.'],
  ['PRT_PAUSED', 'kiosk-attendant', 'after-fix', 'The printer is paused.', 'Take the printer out of pause, then retry.'],
  ['PRD_UNEXPECTED_DATA', 'wise', 'after-fix', 'The data of the card are not what the machine expects.', 'Ask Wise to look at the data of the card, quoting the trace id.'],
  ['PRD_FEEDER_EMPTY', 'kiosk-attendant', 'after-fix', 'There are no blank cards left in the feeder.', 'Fill the feeder, then retry.'],
  ['PRD_FEEDER_JAM', 'kiosk-attendant', 'after-fix', 'A card is stuck in the feeder.', 'Clear the feeder, then retry.'],
  ['PRD_HOPPER_FULL', 'kiosk-attendant', 'after-fix', 'The output hopper is full.', 'Empty the output hopper, then retry.'],
  ['PRD_HOPPER_DOOR', 'kiosk-attendant', 'after-fix', 'The hopper door is open.', 'Close the hopper door, then retry.'],
  ['PRD_HOPPER_JAM', 'kiosk-attendant', 'after-fix', 'A card is stuck in the hopper.', 'Clear the hopper, then retry.'],
  ['PRD_MAGSTRIPE', 'kiosk-attendant', 'after-fix', 'The magnetic stripe could not be written.', 'Take out the spoiled card, clean the encoder, then retry.'],
  ['PRD_SMARTCARD', 'kiosk-attendant', 'after-fix', 'The chip could not be personalised.', 'Take out the spoiled card, check the blank cards, then retry.'],
  ['PRD_EMBOSSER', 'kiosk-attendant', 'after-fix', 'The card could not be embossed.', 'Take out the spoiled card, check the embosser, then retry.'],
  ['PRD_TIMEOUT', 'kiosk-attendant', 'after-fix', 'The production took too long, or nobody took the card in time.', 'Look into the rejection hopper and see that somebody waits at the kiosk, then retry.'],
  ['PRD_REJECT_FULL', 'kiosk-attendant', 'after-fix', 'The box for rejected cards is full.', 'Empty the rejection box and have its cards destroyed, then retry.'],
  ['PRD_SMARTCARD_CARD_NOT_IN_READER', 'kiosk-attendant', 'after-fix', 'The card did not reach the chip reader.', 'Look for a jammed or missing card, then retry.'],
  ['PRD_FINAL_VALIDATION_NOK', 'operations', 'after-fix', 'Somebody at the kiosk rejected the card in the last check.', 'Ask what was wrong with the card, then retry.'],
  ['INV_NOT_INITIALIZED', 'operations', 'after-fix', "The kiosk's inventory of blank cards was never set up.", 'Set up the inventory of the kiosk, then retry.'],
  ['UNKNOWN_ERROR', 'operations', 'after-fix', 'The production failed for a reason that the machine did not name.', 'Look at the kiosk; if nothing is wrong there, retry once and then ask Wise.'],
];

/** The documented answers to a refused produce request (422, REQUEST_ERROR). */
// biome-ignore format: a table, one code a line
export const REQUEST_ERRORS: readonly ErrorRow[] = [
  ['UNKNOWN_ERROR', 'wise', 'reconcile', 'The vendor failed while it handled the request, which may have been accepted nevertheless.', 'Look at the production until it moves or the settle window is over; only then produce again.'],
  ['REQUEST_ALREADY_EXISTS', 'operations', 'reconcile', 'A production request for this card is already with the manufacturer.', 'Look at the production: the card may be printing, from here or from another system.'],
  ['KIOSK_ID_NOT_FOUND', 'operations', 'after-fix', 'The manufacturer knows no kiosk with this id.', 'Check the kiosk id against the list of your kiosks, then retry with the right one (--to-kiosk).'],
  ['CARD_TYPE_NOT_FOUND', 'wise', 'after-fix', 'The manufacturer has no card product for the type of this card.', 'Ask Wise to check how the card program is set up at the manufacturer.'],
  ['INVALID_FIELD_VALUE', 'wise', 'after-fix', 'A value in the data of the card is not one that the manufacturer expects.', 'Ask Wise which field it is, quoting the trace id.'],
  ['INVALID_PIN_FORMAT', 'integration', 'after-fix', "The PIN block of the card follows neither of the manufacturer's formats (ISO-0, ISO-2).", 'The team that sets PINs must check their format; then retry, or order anew if the PIN can not be changed.'],
  ['EMPTY_OR_NULL_FIELD_VALUE', 'wise', 'after-fix', 'A field that the manufacturer needs is empty.', 'Ask Wise which field it is, quoting the trace id.'],
  ['EMPTY_OR_NULL_OR_WRONG_SIZE_FIELD_VALUE', 'wise', 'after-fix', 'A field that the manufacturer needs is empty or has the wrong length.', 'Ask Wise which field it is, quoting the trace id.'],
  ['CHARSET_NOT_SUPPORTED', 'integration', 'never', 'The data of the card, usually a name, has characters that the machine can not print.', 'Order a new card with a name in the supported characters.'],
  ['INVALID_FIELD_FORMAT', 'wise', 'after-fix', 'A field in the data of the card has the wrong format.', 'Ask Wise which field it is, quoting the trace id.'],
  ['INVALID_FIELD_ENCODING', 'wise', 'after-fix', 'A field in the data of the card is encoded in an unexpected way.', 'Ask Wise which field it is, quoting the trace id.'],
  ['CDATA_ENCODING_OR_FORMATING_ERROR', 'wise', 'after-fix', 'A text field of the request to the manufacturer is wrongly encoded or formatted.', 'Ask Wise which field it is, quoting the trace id.'],
  ['PIN_LENGTH_ERROR', 'integration', 'after-fix', 'The PIN of the card has the wrong length.', 'The team that sets PINs must check their length; then retry, or order anew if the PIN can not be changed.'],
  ['PIN_VERIFICATION_FAILED', 'wise', 'now', 'The server that verifies PINs did not answer.', 'Retry in a few minutes; if it stays, ask Wise.'],
  ['DATA_PREPARATION_FAILED', 'wise', 'after-fix', 'The manufacturer could not read the request.', 'Ask Wise to look at the request, quoting the trace id.'],
  ['PARTIAL_DATA_RECEIVED', 'wise', 'now', 'Only a part of the data of the card arrived at the manufacturer.', 'Retry; if it happens again, ask Wise.'],
  ['NO_BRANCH_LINKED_TO_KIOSK', 'wise', 'after-fix', 'The kiosk is not linked to any branch at the manufacturer.', 'Ask Wise to have the kiosk linked, or produce the card at another kiosk (--to-kiosk).'],
  ['IMAGE_SERVER_ERROR', 'wise', 'now', 'The server with the card designs did not answer or failed.', 'Retry in a few minutes; if it stays, ask Wise.'],
  ['PAN_ALREADY_EXISTS', 'wise', 'never', 'The manufacturer already holds a card with this card number.', 'Do not produce it again: ask Wise whether the card was printed, and order a new one.'],
  ['PRINTER_OR_SATELLITE_NOT_READY', 'kiosk-attendant', 'after-fix', 'The printer of the kiosk, or the agent that drives it, is not ready.', 'Check that the kiosk is on, closed, stocked and online, then retry.'],
  ['REQUEST_CREATED_BUT_NOT_STARTED', 'kiosk-attendant', 'reconcile', 'The request is with the kiosk and starts by itself as soon as the printer is ready.', 'Make the printer ready and wait; do not send the card again.'],
  ['UNABLE_TO_ACCEPT_REQUEST', 'wise', 'now', 'The manufacturer is too busy to take requests at the moment.', 'Retry in a few minutes.'],
];
