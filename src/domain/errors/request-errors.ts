import type { ErrorRow } from './error-row.ts';

/** The 22 documented answers to a refused produce request (422, REQUEST_ERROR). */
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
