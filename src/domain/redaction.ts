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

/** Nothing else can have one of these shapes; most text is no candidate, and a stream has much of it. */
const CANDIDATE = /bearer|basic|token|secret|authorization|:\/\//i;

/** Shorter ones would be found in the middle of plain words. */
const SHORTEST_SECRET = 8;

/**
 * Takes secrets out of text that is about to be shown or kept.
 * @param text any text, for instance the message of an unexpected error
 * @param secrets the secrets that this process knows, each replaced wherever it stands
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const known = secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((left, right) => right.length - left.length);
  const withoutKnown = known.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
  if (!CANDIDATE.test(withoutKnown)) return withoutKnown;
  return SECRET_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), withoutKnown);
}

/** The same for a document: its texts without secrets, its shape as it was. */
export function redactAll(value: unknown, secrets: readonly string[] = []): unknown {
  if (typeof value === 'string') return redact(value, secrets);
  if (Array.isArray(value)) return value.map((one) => redactAll(one, secrets));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, redactAll(inner, secrets)]));
}
