import { type Attempt, isUnsettled } from '../domain/attempt.ts';
import type { Card } from '../domain/card.ts';
import { lookUpError } from '../domain/errors/error-catalogue.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';

/** What `status --exit-status` ends with for a card that could be read. */
export function exitStatusOf(card: Card, attempt: Attempt | null): ExitCode {
  if (isUnsettled(attempt)) return 8;
  switch (card.stage) {
    case 'produced':
    case 'completed':
      return 0;
    case 'failed':
      return lookUpError('production', card.production?.errorCode ?? null).exitCode;
    case 'cancelled':
    case 'returned':
    case 'expired':
      return 6;
    default:
      return 75;
  }
}
