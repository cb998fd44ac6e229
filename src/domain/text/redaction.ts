/** Patterns of secrets in any text: authorization headers, token fields, URLs with a password. */
const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /("?(?:access_token|refresh_token|client_secret|authorization)"?\s*[:=]\s*)"?[^\s",&}]+"?/gi,
    '$1[redacted]',
  ],
  // A JSON Web Token, whole or in part.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, '[redacted]'],
  // Without the scheme before “://”: with it, matching a long word would take quadratic time.
  [/:\/\/[^\s/@:]+:[^\s/@]+@/g, '://[redacted]@'],
];

/** A word that may be a secret: long, and no name of anything that people type. Only Base64 may contain a slash. */
const SECRET_WORD = /^(?=.*\d)[^\s/]{20,}$|^(?=.*\d)(?=.*[+=])[\w+/=-]{20,}$/;

/** Returns a word that nothing understands, for an error message; a word that may be a token is not repeated. */
export function redactWord(word: string): string {
  return SECRET_WORD.test(word) ? '[redacted]' : redact(word);
}

/** Shorter secrets would match in the middle of plain words. */
const SHORTEST_SECRET = 8;

/**
 * Redacts secrets in text for the output: known ones, and whatever looks like one.
 * @param secrets the secrets that this process knows
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = withoutSecrets(text, secrets);
  return SECRET_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), withoutKnown);
}

/**
 * Redacts the known secrets in all texts of data. Text that only looks like a secret stays, because data may be sent
 * again: Basic Street is an address.
 */
export function redactData(value: unknown, secrets: readonly string[]): unknown {
  return mapLeaves(value, [], (leaf) => (typeof leaf === 'string' ? withoutSecrets(leaf, secrets) : leaf));
}

/** Patterns of personal data in free text; their lengths are bounded, so that matching takes linear time. */
const PERSONAL_SHAPES: readonly [RegExp, string][] = [
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, '[e-mail]'],
  [/(?<![\w+])\+\d(?:[ ()-]{0,3}\d){7,14}(?!\d)/g, '[phone]'],
  // Card numbers, account numbers, phone numbers without a plus; no time, and no part of a UUID.
  [/(?<![\w-])\d(?:[ -]?\d){9,18}(?![\w:-])/g, '[number]'],
];

/** Redacts whatever looks like an address or a number of a person, for readers outside of the team. */
export function redactPersonal(text: string): string {
  return PERSONAL_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), text);
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((left, right) => right.length - left.length)
    .reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
}

/**
 * Fields of requests and answers without secrets and personal data: only these are shown, because the vendor adds
 * fields without notice.
 */
const HARMLESS_FIELDS = new Set(
  `id profileId cardHolderProfileId cardToken token status value type program cardType scheme defaultCurrency
  deliveryOption lifetimeLimit creationTime modificationTime timestamp totalCount kioskId occurredAt errorCode description
  error error_description code category message path field reason grant_type token_type expires_in trigger_on version url
  mtls_enabled created_at delivery_id`.split(/\s+/),
);
/** Fields whose `name` is not the name of a person. */
const NAMED_THINGS = new Set(['cardProgram', 'cardPrograms']);
/** Card numbers and telephone numbers. */
const PERSONAL_NUMBERS: readonly RegExp[] = [/(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g, /\+\d[\d ]{5,20}/g];
/** Shorter texts would match in the middle of plain words. */
const SHORTEST_PERSONAL = 3;

/**
 * Redacts a body for debugging: only its structure and the values of harmless fields remain.
 * @param hidden texts to redact in harmless fields, too: see `hiddenTexts`
 */
export function redactBody(value: unknown, hidden: readonly string[] = []): unknown {
  return mapLeaves(value, [], (leaf, path) => {
    if (!isHarmless(path)) return '[redacted]';
    if (typeof leaf !== 'string') return leaf;
    return redactText(leaf, hidden);
  });
}

/** Redacts a text from outside for debugging. @param hidden texts to redact in it */
export function redactText(text: string, hidden: readonly string[]): string {
  const texts = hidden.filter((one) => one.length >= SHORTEST_PERSONAL);
  const known = texts.reduce((rest, one) => rest.replaceAll(one, '[redacted]'), text);
  return redact(PERSONAL_NUMBERS.reduce((rest, shape) => rest.replace(shape, '[redacted]'), known));
}

/** Returns the texts of a body that `redactBody` redacts: an answer may repeat them. */
export function hiddenTexts(value: unknown): string[] {
  const texts: string[] = [];
  mapLeaves(value, [], (leaf, path) => {
    if (typeof leaf === 'string' && !isHarmless(path)) texts.push(leaf);
    return leaf;
  });
  return texts;
}

type Leaf = string | number;

function isHarmless(path: readonly string[]): boolean {
  const [field = '', parent = ''] = path.toReversed();
  if (path.includes('address')) return false;
  return HARMLESS_FIELDS.has(field) || (field === 'name' && NAMED_THINGS.has(parent));
}

/** Replaces all texts and numbers of a value. @param path the names of the fields that lead to the value */
function mapLeaves(
  value: unknown,
  path: readonly string[],
  show: (leaf: Leaf, path: readonly string[]) => unknown,
): unknown {
  if (Array.isArray(value)) return value.map((one) => mapLeaves(one, path, show));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([name, inner]) => [name, mapLeaves(inner, [...path, name], show)]),
    );
  }
  return typeof value === 'string' || typeof value === 'number' ? show(value, path) : value;
}
