import { isPrintable } from './text/terminal-text.ts';

/** True for a valid idempotency key of a user. It has no blank at its ends, which would make it another key. */
export function isOrderKey(text: string): boolean {
  return text.trim() === text && isPrintable(text) && /^.{1,255}$/u.test(text);
}

/** The default order in the embedded sandbox, with invented data. */
export const SAMPLE_ORDER = {
  cardHolderName: 'Sam Sample',
  embossedName: 'SAM SAMPLE',
  phoneNumber: '+441234567890',
  address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};

/** The documented limits of physical cards for each profile, by environment. */
export const PHYSICAL_CARD_LIMIT: Readonly<Record<string, number>> = { sandbox: 10, production: 1 };

/**
 * Merges partial orders field by field, also in the address: a later value wins. Undefined and null are no values.
 */
export function mergeOrders(parts: readonly Record<string, unknown>[]): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const part of parts) {
    for (const [field, value] of Object.entries(part)) {
      if (value === undefined || value === null) continue;
      const before = merged[field];
      const parts = isRecord(before) ? [before] : [];
      merged[field] = isRecord(value) ? mergeOrders([...parts, value]) : value;
    }
  }
  return merged;
}

/** Returns the same text for the same data, whatever the order of its fields. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isRecord(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A condition that a card order must meet before its card is created. */
export interface Requirement {
  /** PIN, VERIFICATION, ADDRESS, or undocumented. */
  type: string;
  /** NOT_INITIATED, NEEDS_ACTION, PENDING, COMPLETED, FAILED, or undocumented. */
  status: string;
}

const ADVICE = new Map([
  ['PIN', 'set the PIN of the order with the PIN endpoint of Wise (kioskctl never handles PINs)'],
  ['VERIFICATION', 'the cardholder must pass the verification (KYC) of Wise'],
  ['ADDRESS', 'the order needs a valid address: order again with a corrected one'],
]);

export function unmetRequirements(requirements: readonly Requirement[] | null): Requirement[] {
  return (requirements ?? []).filter(({ status }) => status !== 'COMPLETED');
}

/** Describes the step that meets a requirement. */
export function requirementAdvice({ type }: Requirement): string {
  return ADVICE.get(type) ?? 'ask Wise what this requirement needs';
}
