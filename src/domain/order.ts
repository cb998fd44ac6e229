import { isPrintable } from './text/terminal-text.ts';

/** True if a user's idempotency key is valid: 1 to 255 printable characters, with no space at either end. */
export function isOrderKey(text: string): boolean {
  return text.trim() === text && isPrintable(text) && /^.{1,255}$/u.test(text);
}

/** Default order for the embedded sandbox, with fictitious data. */
export const SAMPLE_ORDER = {
  cardHolderName: 'Sam Sample',
  embossedName: 'SAM SAMPLE',
  phoneNumber: '+441234567890',
  address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};

/** Maximum number of physical cards per profile, by environment. Source: Wise's documentation. */
export const PHYSICAL_CARD_LIMIT: Readonly<Record<string, number>> = { sandbox: 10, production: 1 };

/**
 * Merges partial orders field by field, including the fields of the address. Later values win; undefined and null don't
 * count.
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

/** Serializes a value with sorted keys, so that equal data has equal text. */
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

/** A precondition that Wise sets for an order: its card is created once all are met. */
export interface Requirement {
  /** PIN, VERIFICATION, ADDRESS, or an undocumented type. */
  type: string;
  /** NOT_INITIATED, NEEDS_ACTION, PENDING, COMPLETED, FAILED, or an undocumented status. */
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

/** Returns what the user must do to meet a requirement. */
export function requirementAdvice({ type }: Requirement): string {
  return ADVICE.get(type) ?? 'ask Wise what this requirement needs';
}
