import { type Card, name } from './card.ts';
import { type CatalogueEntry, lookUpError } from './errors/error-catalogue.ts';
import type { ErrorKind } from './errors/error-row.ts';
import { Failure, type FailureDetails } from './errors/failure.ts';
import type { Production } from './production.ts';
import { printable } from './text/terminal-text.ts';

/** The current attempt ended without a card. The catalogue says who acts and what the exit code is. */
export function productionFailed(card: Card): Failure {
  const production = card.production;
  return explained(card, {
    code: 'production-failed',
    kind: 'production',
    production,
    what: `The production of card ${name(card)} on kiosk ${production?.kioskId ?? 'unknown'} failed`,
  });
}

/** The vendor refused the request; the card is as it was before. */
export function productionRefused(
  card: Card,
  refusal: Production | null,
  details: FailureDetails = {},
): Failure {
  return explained(card, {
    code: 'production-refused',
    kind: 'request',
    production: refusal,
    what: `The request to produce card ${name(card)} on kiosk ${refusal?.kioskId ?? 'unknown'} was refused`,
    details,
  });
}

interface Explanation {
  code: 'production-failed' | 'production-refused';
  kind: ErrorKind;
  production: Production | null;
  what: string;
  details?: FailureDetails;
}

function explained(card: Card, { code, kind, production, what, details }: Explanation): Failure {
  const entry = lookUpError(kind, production?.errorCode ?? null);
  const errorCode = printable(entry.code);
  return new Failure(code, `${what}: ${errorCode}. ${entry.meaning}`, {
    hint: entry.retry === 'never' || !card.next ? entry.nextStep : `${entry.nextStep} Next: ${card.next}`,
    details: { ...details, errorCode },
    exitCode: entry.exitCode,
  });
}

/** A retry that the catalogue forbids. */
export function neverAgain(card: Card, { code, meaning, nextStep, exitCode }: CatalogueEntry): Failure {
  const errorCode = printable(code);
  return new Failure(
    'production-failed',
    `Card ${name(card)} can't be produced again: ${errorCode}. ${meaning}`,
    {
      hint: nextStep,
      details: { errorCode },
      exitCode,
    },
  );
}
