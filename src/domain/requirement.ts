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
