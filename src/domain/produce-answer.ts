import { lookUpError } from './errors/error-catalogue.ts';
import type { Production } from './production.ts';

/** The answer to a produce request, as far as it decides anything; `httpStatus` is null when there was none. */
export interface ProduceAnswer {
  kind: 'answered' | 'not-connected' | 'lost' | 'aborted';
  httpStatus: number | null;
  production: Production | null;
}

/**
 * What to make of it. `exists`: the vendor holds a request for this card already, so the production tells.
 * `lost`: the request may have arrived or not. `not-connected`: it can't have arrived.
 */
export type Verdict =
  | 'accepted'
  | 'queued'
  | 'refused'
  | 'exists'
  | 'unauthorized'
  | 'not-found'
  | 'rate-limited'
  | 'not-connected'
  | 'lost';

const ACCEPTED = new Set(['IN_PROGRESS', 'PRODUCED', 'PRODUCTION_ERROR']);

/** Judges the answer to `PUT …/cards/{cardToken}/production`. Whatever is not plainly one thing counts as lost. */
export function judgeAnswer({ kind, httpStatus, production }: ProduceAnswer): Verdict {
  if (kind === 'not-connected') return 'not-connected';
  switch (kind === 'answered' ? httpStatus : null) {
    case 200:
      return production && ACCEPTED.has(production.status) ? 'accepted' : 'lost';
    case 401:
    case 403:
      return 'unauthorized';
    case 404:
      return 'not-found';
    case 429:
      return 'rate-limited';
    case 422:
      return judgeRefusal(production);
    default:
      return 'lost';
  }
}

function judgeRefusal(production: Production | null): Verdict {
  const code = production?.errorCode ?? null;
  if (code === 'REQUEST_ALREADY_EXISTS') return 'exists';
  if (code === 'REQUEST_CREATED_BUT_NOT_STARTED') return 'queued';
  return lookUpError('request', code).retry === 'reconcile' ? 'lost' : 'refused';
}
