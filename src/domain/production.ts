import { codesOf, findErrors, lookUpError, unknownCode } from './errors/error-catalogue.ts';
import { failure } from './errors/failure.ts';
import type { KioskId } from './ids.ts';
import { printable } from './text/terminal-text.ts';
import { compareVendorTimes } from './times/vendor-time.ts';

/**
 * The production of a card, as `GET …/cards/{cardToken}/production` returns it from the card manufacturer. `status` is
 * READY, IN_PROGRESS, PRODUCED, PRODUCTION_ERROR, REQUEST_ERROR, or undocumented.
 */
export interface Production {
  status: string;
  kioskId: KioskId | null;
  /** Time of the produce request, in Wise's format. */
  occurredAt: string | null;
  errorCode: string | null;
  description: string | null;
}

/** A field of the produce request that users can set. Its key in `PRODUCE_FIELDS` is the name in the request. */
export interface ProduceField<Value extends string | number = string | number> {
  /**
   * Name of the flag of `produce`, `retry` and `kiosk recover` (without dashes), and of the field in scenario steps.
   */
  flag: string;
  helpValue: string;
  summary: string;
  /** Parses the value of the flag or field. @throws Failure `usage` */
  parse: (text: string) => Value;
}

/** All fields of the produce request except `kioskId`, which may differ between cards. Wise documents no others yet. */
export const PRODUCE_FIELDS = {} satisfies Record<string, ProduceField>;

type Fields = typeof PRODUCE_FIELDS;

/** The fields of a produce request that flags and steps set. */
export type ProduceSettings = {
  [Name in keyof Fields]?: Fields[Name] extends ProduceField<infer Value> ? Value : never;
};

const entries = (): [name: string, field: ProduceField][] => Object.entries(PRODUCE_FIELDS);

/** Calls `make` for each produce field. Returns the values, by the name of the field's flag. */
export function byFlag<Made>(make: (field: ProduceField) => Made): Record<string, Made> {
  return Object.fromEntries(entries().map(([, field]) => [field.flag, make(field)]));
}

/** Returns the request fields that are set. @param values parsed values, by flag name */
export function toProduceSettings(values: Readonly<Record<string, unknown>>): ProduceSettings {
  const all = entries().map(([name, { flag }]) => [name, values[flag]] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** Returns the command-line flags that set the given fields. */
export function flagsOf(settings: Readonly<Record<string, string | number | undefined>>): string[] {
  return entries().flatMap(([name, { flag }]) =>
    settings[name] === undefined ? [] : [`--${flag}`, String(settings[name])],
  );
}

/** Body of a produce request. */
export interface ProduceRequest extends ProduceSettings {
  kioskId: KioskId;
}

/** Options of all commands and scenario steps that produce cards. */
export interface ProduceOptions {
  settings: ProduceSettings;
  /** True to wait for the result. */
  wait: boolean;
  /** Result to set in a sandbox; implies waiting. null for none. */
  simulation: Simulation | null;
}

/** Ranks of the production statuses. They order events of one attempt that have equal times. */
const RANK = new Map([
  ['READY', 0],
  ['IN_PROGRESS', 1],
  ['REQUEST_ERROR', 2],
  ['PRODUCTION_ERROR', 2],
  ['PRODUCED', 3],
]);

/** Returns the position of a status in the sequence; undefined for an undocumented status. */
export function rankOf(status: string | null): number | undefined {
  return RANK.get(status ?? '');
}

/**
 * True if `production` is later than `earlier`. READY is always first and PRODUCED always last. Other statuses are
 * ordered by time, and at equal times by status.
 * @returns undefined if the order is uncertain; the caller must not conclude anything
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
 * Returns the later of two productions of a card. A READY with a later time than a result replaces the result, because
 * the sandbox was reset. If the order is uncertain, returns `seen`, which was read last.
 */
export function latestOf(known: Production | null, seen: Production): Production {
  if (!known) return seen;
  if (seen.status === 'READY' && (compareVendorTimes(seen.occurredAt, known.occurredAt) ?? 0) > 0)
    return seen;
  return isLater(known, seen) === true ? known : seen;
}

/** The parts of a produce response that determine the outcome. `httpStatus` is null if no response arrived. */
export interface ProduceAnswer {
  kind: 'answered' | 'not-connected' | 'lost' | 'aborted';
  httpStatus: number | null;
  production: Production | null;
}

/**
 * The meaning of a produce response. `exists`: Wise has a request for this card already; read the production. `lost`:
 * the request may have arrived. `not-connected`: the request never left.
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

/** Interprets the response to `PUT …/cards/{cardToken}/production`. An unclear response counts as lost. */
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

/** Error codes that refer to an earlier request or card. Only the production shows that request's result. */
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
 * Parses a simulated result.
 * @param text `PRODUCED`, `PRODUCTION_ERROR`, or with an error code: `PRODUCTION_ERROR:PRD_HOPPER_DOOR`
 * @throws Failure `usage`; for an unknown code it suggests similar codes
 */
export function parseSimulation(text: string): Simulation {
  const [status = '', ...codes] = text.split(':');
  return toSimulation(status, codes.length === 0 ? undefined : codes.join(':'));
}

/** Validates a simulated result. @throws Failure `usage` */
export function toSimulation(status: string, errorCode: string | undefined): Simulation {
  const wanted = status.toUpperCase();
  if (wanted !== 'PRODUCED' && wanted !== 'PRODUCTION_ERROR') {
    const isCode = findErrors(wanted).some(({ kind }) => kind === 'production');
    throw failure(
      'usage',
      `“${printable(status)}” can't be simulated.`,
      isCode
        ? `To simulate this error code, use PRODUCTION_ERROR:${wanted}.`
        : 'Simulate PRODUCED, or PRODUCTION_ERROR with an error code: PRODUCTION_ERROR:PRD_HOPPER_DOOR.',
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

/** True if two productions have the same values in all fields. */
export function isSameProduction(left: Production | null, right: Production | null): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
