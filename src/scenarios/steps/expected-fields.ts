import { ERROR_CATALOGUE } from '../../domain/errors/error-catalogue.ts';
import type { Actor, RetryAdvice } from '../../domain/errors/error-row.ts';
import { EXIT_CODES } from '../../domain/errors/exit-codes.ts';
import { failureCodes } from '../../domain/errors/failure.ts';
import { STAGES } from '../../domain/stage.ts';

/**
 * What may be expected of a field. `words`: one of these; `vendor`: one of these, or a word that the vendor added since;
 * `number` and `duration` have bounds, too.
 */
export type FieldType =
  | { kind: 'words' | 'vendor'; words: readonly string[] }
  | { kind: 'text' | 'number' | 'duration' | 'exit-code' };

export interface ExpectedField {
  name: string;
  type: FieldType;
  about: string;
}

const ADVICE: readonly RetryAdvice[] = ['now', 'after-fix', 'reconcile', 'never'];
const OWNERS: readonly Actor[] = ['kiosk-attendant', 'operations', 'integration', 'wise'];
const ORDER_STATUSES = [
  'PLACED',
  'REQUIREMENTS_FULFILLED',
  'CARD_DETAILS_CREATED',
  'PRODUCED',
  'COMPLETED',
  'CANCELLED',
  'RETURNED',
];
const PRODUCTION_STATUSES = ['READY', 'IN_PROGRESS', 'PRODUCED', 'PRODUCTION_ERROR', 'REQUEST_ERROR'];
const CODES = [...new Set(ERROR_CATALOGUE.map(({ code }) => code))];

const text: FieldType = { kind: 'text' };
const number: FieldType = { kind: 'number' };

/** All that an `expect` step may name: fields of the card's document, and how the step before it went. */
export const EXPECTED_FIELDS: readonly ExpectedField[] = [
  { name: 'stage', type: { kind: 'words', words: STAGES }, about: 'Where the card stands.' },
  {
    name: 'orderStatus',
    type: { kind: 'vendor', words: ORDER_STATUSES },
    about: 'What the vendor says of the order.',
  },
  {
    name: 'production.status',
    type: { kind: 'vendor', words: PRODUCTION_STATUSES },
    about: 'What the vendor says of the production.',
  },
  { name: 'production.kioskId', type: text, about: 'The kiosk that the card was sent to.' },
  {
    name: 'production.errorCode',
    type: { kind: 'words', words: CODES },
    about: 'Why the production failed, or was refused.',
  },
  { name: 'production.occurredAt', type: text, about: "The production's time, as the vendor writes it." },
  { name: 'production.description', type: text, about: "The vendor's own words on the error." },
  { name: 'attempt', type: number, about: 'How many attempts on the card this journal knows.' },
  { name: 'attemptId', type: text, about: 'The latest attempt.' },
  { name: 'profileId', type: number, about: 'The profile that the card belongs to.' },
  { name: 'orderId', type: number, about: 'The order of the card.' },
  { name: 'cardToken', type: text, about: 'The card; null before there is one.' },
  { name: 'ageDays', type: number, about: 'Whole days since the card was created.' },
  { name: 'daysLeft', type: number, about: 'How many of the 60 days are left in which it can be produced.' },
  { name: 'next', type: text, about: 'The command that a person would run next; null when nothing is left.' },
  { name: 'exitCode', type: { kind: 'exit-code' }, about: 'What the step before would end a command with.' },
  {
    name: 'error',
    type: { kind: 'words', words: failureCodes() },
    about: 'The stable code of what went wrong in the step before; null when nothing did.',
  },
  {
    name: 'errorCode',
    type: { kind: 'words', words: CODES },
    about: "The vendor's code: of the failure in the step before, else of the card's production.",
  },
  {
    name: 'advice',
    type: { kind: 'words', words: ADVICE },
    about: 'When to retry, by the error catalogue.',
  },
  { name: 'owner', type: { kind: 'words', words: OWNERS }, about: 'Who acts, by the error catalogue.' },
  { name: 'duration', type: { kind: 'duration' }, about: 'How long the step before took.' },
  {
    name: 'event',
    type: { kind: 'vendor', words: [...new Set([...PRODUCTION_STATUSES, ...ORDER_STATUSES])] },
    about: "A status that one of the card's events told, in the journal.",
  },
];

export const KNOWN_EXIT_CODES: readonly number[] = EXIT_CODES.map(({ code }) => code);
