import * as v from 'valibot';
import { STEP_KINDS, type StepKind } from '../../domain/run.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { type Fault, faultSchema } from '../../wire/fault.ts';
import { orderFile } from '../../wire/orders.ts';
import { id } from '../../wire/scalars.ts';
import { EXPECTED_FIELDS, expectation } from './expect.ts';
import { describeMatcher } from './meets.ts';
import type { StepAct } from './step.ts';
import { duration, kioskId, mapping, simulation } from './values.ts';

type ActSchema = v.GenericSchema<unknown, StepAct>;

const nothing = v.null();

const order = v.pipe(
  v.nullable(
    mapping({
      profileId: v.exactOptional(
        v.pipe(v.nullable(id), v.description('The profile that orders; without, the context’s.')),
      ),
      ...orderFile.entries,
    }),
  ),
  v.description(
    'Orders a card: the fields of the vendor’s order body. In the embedded sandbox nothing is needed.',
  ),
  v.transform((body): StepAct => {
    const { profileId = null, ...fields } = body ?? {};
    return { kind: 'order', profileId, fields };
  }),
);

const produce = v.pipe(
  v.union([kioskId, mapping({ kiosk: v.exactOptional(kioskId) }), nothing]),
  v.description('Sends the card to a kiosk, once; without a kiosk, to the card’s own.'),
  v.transform((body): StepAct => {
    const kioskId = typeof body === 'string' ? body : (body?.kiosk ?? null);
    return { kind: 'produce', kioskId };
  }),
);

const retry = v.pipe(
  v.union([mapping({ 'to-kiosk': v.exactOptional(kioskId) }), nothing]),
  v.description('Produces a failed card again, at the kiosk where it failed unless told otherwise.'),
  v.transform((body): StepAct => ({ kind: 'retry', toKiosk: body?.['to-kiosk'] ?? null })),
);

const simulate = v.pipe(
  simulation,
  v.description(
    'Tells a sandbox how the production ends: PRODUCED, PRODUCTION_ERROR:CODE, or profile-verified.',
  ),
  v.transform((simulation): StepAct => ({ kind: 'simulate', simulation })),
);

const expect = v.pipe(
  expectation,
  v.description('What must be true now. Where it is not, the run ends with 11.'),
  v.transform((expectation): StepAct => ({ kind: 'expect', expectation })),
);

const fault = v.pipe(
  faultSchema,
  v.description('What the embedded sandbox does wrong from now on, as in kioskctl sandbox fault.'),
  v.transform((fault): StepAct => ({ kind: 'fault', fault })),
);

const advance = v.pipe(
  duration,
  v.description('Moves the clock of the embedded sandbox, like 61d.'),
  v.transform((by): StepAct => ({ kind: 'advance', by })),
);

function alone(kind: 'wait-ready' | 'wait-produced' | 'cancel', about: string): ActSchema {
  return v.pipe(
    nothing,
    v.description(about),
    v.transform((): StepAct => ({ kind })),
  );
}

/** What stands behind each step's word. */
export const STEP_BODIES: Readonly<Record<StepKind, ActSchema>> = {
  order,
  'wait-ready': alone('wait-ready', 'Waits until the card may be produced.'),
  produce,
  'wait-produced': alone('wait-produced', 'Waits for the result of the production.'),
  simulate,
  retry,
  cancel: alone('cancel', 'Cancels the order, and waits until it reads CANCELLED.'),
  expect,
  fault,
  advance,
};

export const LOOPS = ['repeat', 'for-each'] as const;
export const STEP_WORDS: readonly string[] = [...STEP_KINDS, ...LOOPS];

/** Steps that may be a plain word, because there need be nothing behind it. */
export const PLAIN_WORDS = ['order', 'wait-ready', 'produce', 'wait-produced', 'retry', 'cancel'] as const;

/** @param rest what stands behind the word, in its line */
export function withoutColon(word: string, rest: string): string {
  if (rest !== '' && word !== 'order') return `a colon is missing: ${word}: ${rest}`;
  return `put a colon after “${word}”: with something beside or below it, the word needs one`;
}

/** The fields that the sandbox's faults have, whatever their kind. */
export const FAULT_FIELDS: readonly string[] = [
  ...new Set(faultSchema.options.flatMap(({ entries }) => Object.keys(entries))),
];

/** What stands below a step's word. */
export const FIELDS_BELOW: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    order: ['profileId', ...Object.keys(orderFile.entries)],
    produce: ['kiosk'],
    retry: ['to-kiosk'],
    expect: EXPECTED_FIELDS.map(({ name }) => name),
    fault: FAULT_FIELDS,
    repeat: ['times', 'as', 'steps'],
    'for-each': ['in', 'as', 'steps'],
  }),
);

/** What a step is called where it has no name of its own. Of an order nothing shows. */
export function titleOf(act: StepAct): string {
  switch (act.kind) {
    case 'produce':
      return joined(act.kind, act.kioskId);
    case 'retry':
      return joined(act.kind, act.toKiosk && `at ${act.toKiosk}`);
    case 'simulate': {
      if (act.simulation === 'profile-verified') return joined(act.kind, act.simulation);
      const { status, errorCode } = act.simulation;
      return joined(act.kind, errorCode ? `${status}:${errorCode}` : status);
    }
    case 'expect': {
      const fields = Object.entries(act.expectation).map(
        ([field, matcher]) => `${field} ${describeMatcher(field, matcher)}`,
      );
      return joined(act.kind, fields.join(', '));
    }
    case 'fault':
      return joined(act.kind, faultTitle(act.fault));
    case 'advance':
      return joined(act.kind, formatDuration(act.by));
    case 'order':
    case 'wait-ready':
    case 'wait-produced':
    case 'cancel':
      return act.kind;
  }
}

function faultTitle(fault: Fault): string {
  switch (fault.kind) {
    case 'answer': {
      const { method, path, status, reset, cut, delayMs } = fault;
      const how =
        status ?? (reset ? `reset ${reset}` : cut ? 'cut' : `delay ${formatDuration(delayMs ?? 0)}`);
      return [how, method, path].filter((part) => part !== undefined).join(' ');
    }
    case 'produce':
      return fault.errorCode;
    case 'outcome':
      return fault.errorCode ?? fault.status;
  }
}

function joined(kind: string, rest: string | null): string {
  return rest ? `${kind} ${rest}` : kind;
}
