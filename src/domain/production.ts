import { codesOf, ERROR_CATALOGUE, findErrors, lookUpError } from './errors/error-catalogue.ts';
import { type Failure, failure } from './errors/failure.ts';
import type { KioskId } from './ids.ts';
import { printable } from './text/terminal-text.ts';
import { nearestOf } from './text/words.ts';
import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * The production of a card as the vendor reports it (`GET …/cards/{cardToken}/production`): the latest data of the card
 * manufacturer. `status` is READY, IN_PROGRESS, PRODUCED, PRODUCTION_ERROR, REQUEST_ERROR, or undocumented.
 */
export interface Production {
  status: string;
  kioskId: KioskId | null;
  /** Time of the request to the kiosk, as the vendor writes it. */
  occurredAt: string | null;
  errorCode: string | null;
  description: string | null;
}

/** The request to produce a card, which is sent as it is. */
export interface ProduceRequest {
  kioskId: KioskId;
}

/** The fields of a produce request that flags and steps set. The kiosk is chosen for each card. */
export type ProduceSettings = Partial<ProduceRequest>;

/** The options of everything that produces cards: commands, retries, steps of scenarios. */
export interface ProduceOptions {
  settings?: ProduceSettings;
  /** Waits for the result. */
  wait: boolean;
  /** The result to set in a sandbox; includes the wait for it. */
  simulation: Simulation | null;
}

/** The order of productions with equal times, which events of one attempt may have. */
const RANK = new Map([
  ['READY', 0],
  ['IN_PROGRESS', 1],
  ['REQUEST_ERROR', 2],
  ['PRODUCTION_ERROR', 2],
  ['PRODUCED', 3],
]);

/** Returns undefined for an undocumented status, which can't be ordered. */
export function rankOf(status: string | null): number | undefined {
  return RANK.get(status ?? '');
}

/**
 * True if `production` came after `earlier`. READY is the start of every card and PRODUCED its end, whatever their
 * times; the others are ordered by the times of the vendor, and equal times by rank.
 * @returns undefined if the times can't be ordered: then nothing may be concluded
 */
export function isLater(production: Production, earlier: Production | null): boolean | undefined {
  const rank = RANK.get(production.status);
  if (rank === undefined) return undefined;
  if (!earlier || earlier.status === 'READY') return rank > 0;
  if (production.status === 'READY' || earlier.status === 'PRODUCED') return false;
  if (production.status === 'PRODUCED') return true;
  const order = compareVendorTimes(production.occurredAt, earlier.occurredAt);
  if (order === undefined) return undefined;
  return order > 0 || (order === 0 && rank > (RANK.get(earlier.status) ?? 0));
}

/**
 * Returns the later of two productions of a card. READY after a result is a new start (the sandbox was reset). If they
 * can't be ordered, it is the one that was read last.
 */
export function latestOf(known: Production | null, seen: Production): Production {
  if (!known) return seen;
  if (seen.status === 'READY' && (compareVendorTimes(seen.occurredAt, known.occurredAt) ?? 0) > 0)
    return seen;
  return isLater(known, seen) === true ? known : seen;
}

/** The relevant parts of the answer to a produce request; `httpStatus` is null without an answer. */
export interface ProduceAnswer {
  kind: 'answered' | 'not-connected' | 'lost' | 'aborted';
  httpStatus: number | null;
  production: Production | null;
}

/**
 * The meaning of the answer. `exists`: the vendor has a request for this card already, so the production must be read.
 * `lost`: the request may or may not have arrived. `not-connected`: it did not arrive.
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

/** Judges the answer to `PUT …/cards/{cardToken}/production`. An unclear answer counts as lost. */
export function judgeAnswer({ kind, httpStatus, production }: ProduceAnswer): Verdict {
  if (kind === 'not-connected') return 'not-connected';
  if (kind !== 'answered' || httpStatus === null) return 'lost';
  switch (httpStatus) {
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
  if (namesEarlierRequest(production)) return 'exists';
  if (code === 'REQUEST_CREATED_BUT_NOT_STARTED') return 'queued';
  return lookUpError('request', code).retry === 'reconcile' ? 'lost' : 'refused';
}

/** Refusals that name an earlier request or card, whose result only a change of the production shows. */
const EARLIER_REQUEST = new Set(['REQUEST_ALREADY_EXISTS', 'PAN_ALREADY_EXISTS']);

export function namesEarlierRequest(refusal: Production | null): boolean {
  return EARLIER_REQUEST.has(refusal?.errorCode ?? '');
}

/** The production result to set in a sandbox. */
export interface Simulation {
  status: 'PRODUCED' | 'PRODUCTION_ERROR';
  errorCode?: string;
}

/**
 * Reads a simulated result.
 * @param text `PRODUCED`, `PRODUCTION_ERROR`, or with a code: `PRODUCTION_ERROR:PRD_HOPPER_DOOR`
 * @throws Failure `usage`, with similar codes for an unknown one
 */
export function parseSimulation(text: string): Simulation {
  const [status = '', ...codes] = text.split(':');
  return toSimulation(status, codes.length === 0 ? undefined : codes.join(':'));
}

/** @throws Failure `usage` */
export function toSimulation(status: string, errorCode: string | undefined): Simulation {
  const wanted = status.toUpperCase();
  if (wanted !== 'PRODUCED' && wanted !== 'PRODUCTION_ERROR') {
    throw failure(
      'usage',
      `“${printable(status)}” can't be simulated.`,
      'Simulate PRODUCED, or PRODUCTION_ERROR with an error code: PRODUCTION_ERROR:PRD_HOPPER_DOOR.',
    );
  }
  if (errorCode === undefined) return { status: wanted };
  if (wanted === 'PRODUCED') {
    throw failure(
      'usage',
      'An error code goes only with PRODUCTION_ERROR.',
      `Leave the code out, or simulate PRODUCTION_ERROR:${printable(errorCode)}.`,
    );
  }
  return { status: wanted, errorCode: productionCode(errorCode) };
}

function productionCode(text: string): string {
  const code = text.toUpperCase();
  const kinds = findErrors(code).map(({ kind }) => kind);
  if (kinds.includes('production')) return code;
  if (kinds.length > 0) {
    throw failure(
      'usage',
      `${code} is an answer to a produce request, not the end of a production.`,
      'Only production codes can be simulated: kioskctl explain lists them.',
    );
  }
  throw unknownCode(text, codesOf('production'));
}

/** Returns the failure of an unknown error code, which suggests similar codes. */
export function unknownCode(text: string, codes = ERROR_CATALOGUE.map((entry) => entry.code)): Failure {
  const word = text.toUpperCase().replaceAll('-', '_');
  const containing = [...new Set(codes)].filter((code) => word !== '' && code.includes(word)).slice(0, 5);
  const nearest = (containing.length > 0 ? containing : nearestOf(word, codes)).join(', ');
  return failure(
    'usage',
    `There is no error code “${printable(text)}”.`,
    nearest
      ? `Did you mean ${nearest}? kioskctl explain lists all codes.`
      : 'kioskctl explain lists all codes.',
  );
}

/** True if all fields are equal. */
export function isSameProduction(left: Production | null, right: Production | null): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
