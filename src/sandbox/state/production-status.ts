import { lookUpError } from '../../domain/errors/error-catalogue.ts';
import { isoTime } from './tables/clock.ts';
import type { Production } from './tables/productions.ts';

/** ProductionStatus, the vendor's shape for the production of a card and for the answer to a refused request. */
export interface ProductionStatus {
  status: Production['status'] | 'REQUEST_ERROR';
  kioskId: string | null;
  occurredAt: string;
  errorCode: string | null;
  description: string | null;
}

const DESCRIPTIONS: Readonly<Record<'READY' | 'IN_PROGRESS' | 'PRODUCED', string>> = {
  READY: 'Card ready for production',
  IN_PROGRESS: 'Card in production',
  PRODUCED: 'Card produced',
};

export function toProductionStatus(production: Production): ProductionStatus {
  const { status, kioskId, occurredAt, errorCode } = production;
  return {
    status,
    kioskId,
    occurredAt: isoTime(occurredAt),
    errorCode,
    description:
      status === 'PRODUCTION_ERROR' ? lookUpError('production', errorCode).meaning : DESCRIPTIONS[status],
  };
}

export function requestError(refused: {
  errorCode: string;
  kioskId: string;
  occurredAt: number;
}): ProductionStatus {
  return {
    status: 'REQUEST_ERROR',
    kioskId: refused.kioskId,
    occurredAt: isoTime(refused.occurredAt),
    errorCode: refused.errorCode,
    description: lookUpError('request', refused.errorCode).meaning,
  };
}
