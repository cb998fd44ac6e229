/** The order that `kioskctl order` makes in the embedded sandbox when nobody says otherwise: nobody's data. */
export const SAMPLE_ORDER = {
  cardHolderName: 'Sam Sample',
  embossedName: 'SAM SAMPLE',
  phoneNumber: '+441234567890',
  address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
};

/** How many physical cards a profile may have, by the vendor's documentation; the embedded sandbox says it itself. */
export const PHYSICAL_CARD_LIMIT: Readonly<Record<string, number>> = { sandbox: 10, production: 1 };

/**
 * Lays several partial orders over each other: a later one wins, field by field, in the address too. Fields that are
 * undefined or null count as not given.
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

/** The same data as the same text, whatever order its fields are in. */
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

/** What a card order still needs before its card is created. */
export interface Requirement {
  /** PIN, VERIFICATION, ADDRESS, or a word that the vendor added since. */
  type: string;
  /** NOT_INITIATED, NEEDS_ACTION, PENDING, COMPLETED, FAILED, or a word that the vendor added since. */
  status: string;
}

const ADVICE = new Map([
  ['PIN', "set the PIN of the order with the vendor's PIN endpoint (kioskctl never handles PINs)"],
  ['VERIFICATION', 'the cardholder has to pass the verification (KYC) of Wise'],
  ['ADDRESS', 'the order needs a valid address: order anew with a corrected one'],
]);

export function unmetRequirements(requirements: readonly Requirement[] | null): Requirement[] {
  return (requirements ?? []).filter(({ status }) => status !== 'COMPLETED');
}

/** What a person has to do about a requirement that is not met. */
export function requirementAdvice({ type }: Requirement): string {
  return ADVICE.get(type) ?? 'ask Wise what this requirement needs';
}
