import { type Address, address as addressSchema } from '../../wire/orders.ts';
import type { Answer } from './answers.ts';
import { type Call, fieldsOf } from './input.ts';

/** One error in the response of Wise's address validation. */
interface AddressFault {
  field: string;
  message: string;
}

type Field = 'firstLine' | 'secondLine' | 'thirdLine' | 'city' | 'postCode' | 'state' | 'country';

const REQUIRED: readonly Field[] = ['firstLine', 'city', 'postCode', 'country'];
const LINES: readonly Field[] = ['firstLine', 'secondLine', 'thirdLine'];

const LONGEST: readonly (readonly [field: Field, characters: number])[] = [
  ['firstLine', 30],
  ['secondLine', 30],
  ['thirdLine', 30],
  ['city', 30],
  ['state', 30],
  ['postCode', 10],
];

const PO_BOX = /\b(p\.?\s*o\.?|post\s+office)\s*box\b/i;

/** `POST …/address/validate`: always 200. An address is valid if the list of errors is empty. */
export function validateAddress(call: Call): Answer {
  return { status: 200, body: { errors: checkAddress(fieldsOf(addressSchema, call.body)) } };
}

/**
 * Applies the validation rules that Wise documents for every country.
 * @returns the errors; empty for a valid address
 */
export function checkAddress(address: Address): AddressFault[] {
  const text = (field: Field) => (address[field] ?? '').trim();
  return [
    ...REQUIRED.filter((field) => text(field) === '').map((field) => fault(field, 'Required field')),
    ...LONGEST.filter(([field, limit]) => text(field).length > limit).map(([field, limit]) =>
      fault(field, `Must not have more than ${limit} characters`),
    ),
    ...LINES.filter((field) => PO_BOX.test(text(field))).map((field) =>
      fault(field, 'PO boxes are not supported'),
    ),
    ...(text('country') === '' || /^[a-z]{2}$/i.test(text('country'))
      ? []
      : [fault('country', 'Must be a country code of two letters')]),
  ];
}

function fault(field: string, message: string): AddressFault {
  return { field, message };
}
