/** Shapes that secrets have wherever they turn up: authorization headers, token fields, URLs with a password. */
const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /("?(?:access_token|refresh_token|client_secret|authorization)"?\s*[:=]\s*)"?[^\s",&}]+"?/gi,
    '$1[redacted]',
  ],
  // From the “://” on: with the scheme's letters before it, a long word would be read again from each letter.
  [/:\/\/[^\s/@:]+:[^\s/@]+@/g, '://[redacted]@'],
];

/** Shorter ones would be found in the middle of plain words. */
const SHORTEST_SECRET = 8;

/**
 * Takes secrets out of text that is about to be shown: those that are known, and whatever looks like one.
 * @param text a message, for instance that of an unexpected error
 * @param secrets the secrets that this process knows, each replaced wherever it stands
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = withoutSecrets(text, secrets);
  return SECRET_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), withoutKnown);
}

/**
 * Takes the secrets that this process knows out of data: each text without them, the shape as it was. What only looks
 * like a secret stays, because data may be sent again: Basic Street is an address.
 */
export function redactData(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string') return withoutSecrets(value, secrets);
  if (Array.isArray(value)) return value.map((one) => redactData(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactData(inner, secrets)]));
}

/** Shapes of personal data in free text; each is bounded, so that long texts are read once. */
const PERSONAL_SHAPES: readonly [RegExp, string][] = [
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, '[e-mail]'],
  [/(?<![\w+])\+\d(?:[ ()-]{0,3}\d){7,14}(?!\d)/g, '[phone]'],
  // Card numbers, account numbers, phone numbers without a plus; no time, and no part of a UUID.
  [/(?<![\w-])\d(?:[ -]?\d){9,18}(?![\w:-])/g, '[number]'],
];

/** Takes out of free text what looks like a person's address or number, for readers outside of the team. */
export function redactPersonal(text: string): string {
  return PERSONAL_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), text);
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((left, right) => right.length - left.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
}
