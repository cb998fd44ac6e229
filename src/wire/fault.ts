import * as v from 'valibot';
import { codesOf } from '../domain/errors/error-catalogue.ts';
import { kioskId } from './scalars.ts';

const REQUEST_CODES = codesOf('request');
const PRODUCTION_CODES = codesOf('production');

/** A delay in milliseconds, at most an hour. */
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(3_600_000));
const times = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000)), 1);
const name = v.pipe(v.string(), v.minLength(1), v.maxLength(200));

const headers = v.record(
  v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'is not the name of a header')),
  v.pipe(v.string(), v.regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'is not the value of a header')),
);

const answerFault = v.pipe(
  v.strictObject({
    kind: v.literal('answer'),
    /** Default: any method. */
    method: v.optional(v.picklist(['GET', 'POST', 'PUT', 'DELETE'])),
    /** Substring of the path without its version segment (`/production`), or a pattern with `*`. Default: any path. */
    path: v.optional(name),
    times,
    status: v.optional(v.pipe(v.number(), v.integer(), v.minValue(200), v.maxValue(599))),
    headers: v.optional(headers),
    body: v.optional(v.string()),
    bodyBase64: v.optional(v.pipe(v.string(), v.base64())),
    /** Value of the `Retry-After` header, in seconds. */
    retryAfter: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
    /** True if the request takes effect despite the fault. Only with `status` or `delayMs`. */
    effect: v.optional(v.boolean()),
    /** Responds with 403 and a one-time token, as for strong customer authentication. */
    approval: v.optional(v.literal(true)),
    reset: v.optional(v.picklist(['before', 'after'])),
    cut: v.optional(v.literal(true)),
    delayMs: v.optional(milliseconds),
  }),
  v.check(
    ({ status, approval, reset, cut, delayMs }) =>
      [status, approval, reset, cut, delayMs].filter((part) => part !== undefined).length === 1,
    'needs exactly one of status, approval, reset, cut and delayMs',
  ),
  v.check(
    (fault) =>
      fault.status !== undefined ||
      [fault.headers, fault.body, fault.bodyBase64, fault.retryAfter].every((part) => part === undefined),
    'headers, body, bodyBase64 and retryAfter go with status only',
  ),
  v.check((fault) => fault.body === undefined || fault.bodyBase64 === undefined, 'has two bodies'),
  v.check(
    (fault) => !fault.effect || fault.status !== undefined || fault.delayMs !== undefined,
    'effect goes with status or delayMs only',
  ),
);

const produceFault = v.pipe(
  v.strictObject({
    kind: v.literal('produce'),
    /** Default: any kiosk. */
    kioskId: v.optional(kioskId),
    errorCode: v.picklist(REQUEST_CODES),
    /** Delay until the production starts; never by default. Only for REQUEST_CREATED_BUT_NOT_STARTED. */
    afterMs: v.optional(milliseconds),
    times,
  }),
  v.check(
    ({ afterMs, errorCode }) => afterMs === undefined || errorCode === 'REQUEST_CREATED_BUT_NOT_STARTED',
    'afterMs goes with REQUEST_CREATED_BUT_NOT_STARTED only',
  ),
);

const outcomeFault = v.pipe(
  v.strictObject({
    kind: v.literal('outcome'),
    kioskId,
    status: v.picklist(['PRODUCED', 'PRODUCTION_ERROR']),
    errorCode: v.optional(v.picklist(PRODUCTION_CODES)),
    /** Duration of the production (default 500). */
    afterMs: v.optional(milliseconds),
    times,
  }),
  v.check(
    ({ errorCode, status }) => errorCode === undefined || status === 'PRODUCTION_ERROR',
    'errorCode goes with PRODUCTION_ERROR only',
  ),
);

/**
 * Schema of a fault, which the sandbox applies `times` times. `answer`: changes the response to a request. `produce`:
 * rejects a produce request. `outcome`: sets the result of a production. Durations are in milliseconds. `afterMs` is
 * virtual time (divided by the speed), `delayMs` is real time.
 */
export const faultSchema = v.variant('kind', [answerFault, produceFault, outcomeFault]);
export type Fault = v.InferOutput<typeof faultSchema>;
export type AnswerFault = v.InferOutput<typeof answerFault>;
export type ProduceFault = v.InferOutput<typeof produceFault>;
export type OutcomeFault = v.InferOutput<typeof outcomeFault>;
