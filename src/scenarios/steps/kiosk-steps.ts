import * as v from 'valibot';
import { produceOne } from '../../cards/produce.ts';
import { retryOne } from '../../cards/retry.ts';
import { mayReadOnlyProduction } from '../../cards/session/read-card.ts';
import { waitForResult } from '../../cards/wait-produced.ts';
import type { KioskId } from '../../domain/ids.ts';
import { type ProduceSettings, toProduceSettings } from '../../domain/production.ts';
import { kioskId as kioskSchema } from '../../wire/scalars.ts';
import { defineStep } from './step.ts';
import { produceFields } from './values.ts';

/** The value of a step that sends a card. */
interface Sending {
  /** Destination of the card; null if the scenario file sets none. */
  kioskId: KioskId | null;
  settings: ProduceSettings;
}

const kiosk = v.exactOptional(kioskSchema);

function toSending(kioskId: KioskId | null = null, values: Readonly<Record<string, unknown>> = {}): Sending {
  return { kioskId, settings: toProduceSettings(values) };
}

const produce = defineStep({
  kind: 'produce',
  about: 'Sends the card once to a kiosk (default: the kiosk of the card, from --kiosk or a column kiosk).',
  example: 'produce: WIS00001',
  schema: v.pipe(
    v.union([kioskSchema, v.strictObject({ kiosk, ...produceFields }), v.null()]),
    v.transform((body) => (typeof body === 'string' ? toSending(body) : toSending(body?.kiosk, body ?? {}))),
  ),
  card: 'needed',
  storedBefore: true,
  requires: null,
  title: ({ kioskId }) => kioskId,
  check: (sending, { kioskId }) =>
    (sending.kioskId ?? kioskId) === null
      ? 'the kiosk is missing: set it with --kiosk, in this step, with --var kiosk=… or a column kiosk'
      : null,
  kiosk: async ({ kioskId }) => kioskId,
  async run({ ctx, session, record, ...work }, { settings }) {
    const { kioskId } = work;
    if (kioskId === null) throw new TypeError('a produce step has no kiosk');
    await record('produce', async () => {
      session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
      await produceOne(ctx, session, { kioskId, settings, wait: false, simulation: null });
    });
  },
});

const waitProduced = defineStep({
  kind: 'wait-produced',
  about: 'Waits for the result of the production.',
  schema: v.null(),
  card: 'needed',
  storedBefore: false,
  requires: null,
  async run({ ctx, session, attemptId, isSeen }) {
    // Between a request and its result, only the production changes.
    session.setNeedsOnlyProduction(attemptId !== null);
    await waitForResult(ctx, session, { ...(attemptId !== null && { attemptId }), isSeen });
  },
});

const retry = defineStep({
  kind: 'retry',
  about: 'Produces a failed card again (default: at the kiosk where it failed).',
  example: 'retry: {to-kiosk: WIS00002}',
  schema: v.pipe(
    v.union([v.strictObject({ 'to-kiosk': kiosk, ...produceFields }), v.null()]),
    v.transform((body) => toSending(body?.['to-kiosk'], body ?? {})),
  ),
  card: 'needed',
  storedBefore: true,
  requires: 'confirmation',
  title: ({ kioskId }) => kioskId && `at ${kioskId}`,
  async kiosk({ kioskId }, session) {
    // A read shows the kiosk where the card failed.
    if (!session.latest) await session.read();
    return kioskId ?? session.card.production?.kioskId ?? null;
  },
  async run({ ctx, session, record }, { kioskId: toKiosk, settings }) {
    await record('retry', async () => {
      session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
      await retryOne(ctx, session, { toKiosk, settings, abandon: false, wait: false, simulation: null });
    });
  },
});

export const KIOSK_STEPS = [produce, waitProduced, retry];
