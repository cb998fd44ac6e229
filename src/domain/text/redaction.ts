/** Patterns of secrets in any text: authorization headers, token fields, passwords in URLs. */
const SECRET_SHAPES: readonly [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]'],
  [
    /("?(?:access_token|refresh_token|client_secret|authorization)"?\s*[:=]\s*)"?[^\s",&}]+"?/gi,
    '$1[redacted]',
  ],
  // A JSON Web Token, or the start of one.
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){0,4}/g, '[redacted]'],
  // Starts at “://”: matching the scheme as well would take quadratic time for a long word.
  [/:\/\/[^\s/@:]+:[^\s/@]+@/g, '://[redacted]@'],
];

/**
 * Pattern of a word that may be a secret: long, with digits, and unlike a name or path. Only Base64 may contain a
 * slash.
 */
const SECRET_WORD = /^(?=.*\d)[^\s/]{20,}$|^(?=.*\d)(?=.*[+=])[\w+/=-]{20,}$/;

/** Returns an unknown word for an error message; redacted if it may be a token. */
export function redactWord(word: string): string {
  return SECRET_WORD.test(word) ? '[redacted]' : redact(word);
}

/** Minimum length of a known secret: a shorter text would match inside ordinary words. */
const SHORTEST_SECRET = 8;

/**
 * Redacts secrets in text for the output: known secrets, and words that look like secrets.
 * @param secrets the secrets known to this process
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  const withoutKnown = withoutSecrets(text, longestFirst(secrets));
  return SECRET_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), withoutKnown);
}

/**
 * Redacts known secrets in all strings of a value. Text that only resembles a secret is kept, because the data may be
 * sent again: the address “Basic Street” resembles an authorization header.
 */
export function redactData(value: unknown, secrets: readonly string[]): unknown {
  const known = longestFirst(secrets);
  if (known.length === 0) return value;
  return mapLeaves(value, [], (leaf) => (typeof leaf === 'string' ? withoutSecrets(leaf, known) : leaf));
}

/** Patterns of personal data in free text. Bounded lengths keep matching linear. */
const PERSONAL_SHAPES: readonly [RegExp, string][] = [
  [/[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g, '[e-mail]'],
  [/(?<![\w+])\+\d(?:[ ()-]{0,3}\d){7,14}(?!\d)/g, '[phone]'],
  // Card, account and phone numbers, but no times and no parts of UUIDs.
  [/(?<![\w-])\d(?:[ -]?\d){9,18}(?![\w:-])/g, '[number]'],
];

/** Redacts everything that looks like a personal address or number, for readers outside the team. */
export function redactPersonal(text: string): string {
  return PERSONAL_SHAPES.reduce((rest, [shape, replacement]) => rest.replace(shape, replacement), text);
}

function withoutSecrets(text: string, sorted: readonly string[]): string {
  return sorted.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text);
}

/**
 * Sorts secrets by length, longest first, because one may contain another. Omits secrets that are too short to redact.
 */
function longestFirst(secrets: readonly string[]): string[] {
  return secrets
    .filter((secret) => secret.length >= SHORTEST_SECRET)
    .toSorted((left, right) => right.length - left.length);
}

/**
 * Fields without secrets and personal data. Debug output shows only their values, because Wise adds fields without
 * notice.
 */
const HARMLESS_FIELDS = new Set(
  `id profileId cardHolderProfileId cardToken token status value type program cardType scheme defaultCurrency
  deliveryOption lifetimeLimit creationTime modificationTime timestamp totalCount kioskId occurredAt errorCode description
  error error_description code category message path field reason grant_type token_type expires_in trigger_on version url
  mtls_enabled created_at delivery_id`.split(/\s+/),
);
/** Objects whose `name` field is not a person's name. */
const NAMED_THINGS = new Set(['cardProgram', 'cardPrograms']);
/** Patterns of card and telephone numbers. */
const PERSONAL_NUMBERS: readonly RegExp[] = [/(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])/g, /\+\d[\d ]{5,20}/g];
/** Minimum length of personal text: a shorter text would match inside ordinary words. */
const SHORTEST_PERSONAL = 3;

/**
 * Redacts a body for debug output: shows its structure and the values of harmless fields.
 * @param hidden texts to redact also in harmless fields; see `hiddenTexts`
 */
export function redactBody(value: unknown, hidden: readonly string[] = []): unknown {
  return mapLeaves(value, [], (leaf, path) => {
    if (!isHarmless(path)) return '[redacted]';
    if (typeof leaf !== 'string') return leaf;
    return redactText(leaf, hidden);
  });
}

/** Redacts untrusted text for debug output. @param hidden further texts to redact */
export function redactText(text: string, hidden: readonly string[]): string {
  const texts = hidden.filter((one) => one.length >= SHORTEST_PERSONAL);
  const known = texts.reduce((rest, one) => rest.replaceAll(one, '[redacted]'), text);
  return redact(PERSONAL_NUMBERS.reduce((rest, shape) => rest.replace(shape, '[redacted]'), known));
}

/** Returns the strings of a request body that `redactBody` redacts, because a response may repeat them. */
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

/** Replaces all strings and numbers of a value. @param path names of the fields that lead to the value */
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
