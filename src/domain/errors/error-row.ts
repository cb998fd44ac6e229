/** Who has to act before the card can be produced. */
export type Actor = 'kiosk-attendant' | 'operations' | 'integration' | 'wise';

/**
 * What to do with the card: produce it again at once, after the cause is gone, look at the production first (the
 * request may have been accepted), or never (order a new card).
 */
export type RetryAdvice = 'now' | 'after-fix' | 'reconcile' | 'never';

/** `request`: the answer to a produce request (REQUEST_ERROR); `production`: a failed production (PRODUCTION_ERROR). */
export type ErrorKind = 'request' | 'production';

/** One row of the catalogue as data: code, who acts, when to retry, what it means, what to do. */
export type ErrorRow = readonly [
  code: string,
  actor: Actor,
  retry: RetryAdvice,
  meaning: string,
  nextStep: string,
];
