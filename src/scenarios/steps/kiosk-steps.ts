import * as v from 'valibot';
import { produceOne } from '../../cards/produce.ts';
import { retryOne } from '../../cards/retry.ts';
import { mayReadOnlyProduction } from '../../cards/session/read-card.ts';
import { waitForResult } from '../../cards/wait-produced.ts';
import { kioskId as kioskSchema } from '../../wire/scalars.ts';
import { defineStep } from './step.ts';

export const produce = defineStep({
  kind: 'produce',
  about: 'Sends the card once to a kiosk (default: the kiosk of the card).',
  schema: v.pipe(
    v.union([kioskSchema, v.strictObject({ kiosk: v.exactOptional(kioskSchema) }), v.null()]),
    v.transform((body) => (typeof body === 'string' ? body : (body?.kiosk ?? null))),
  ),
  card: 'needed',
  storedBefore: true,
  requires: null,
  title: (kiosk) => kiosk,
  check: (kiosk, { kioskId }) =>
    (kiosk ?? kioskId) === null
      ? 'the kiosk is missing: set it here, with --kiosk, --var kiosk=… or a column kiosk'
      : null,
  kiosk: async (kiosk) => kiosk,
  async run({ ctx, session, record, ...work }) {
    const { kioskId } = work;
    if (kioskId === null) throw new TypeError('a produce step has no kiosk');
    await record('produce', async () => {
      session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
      await produceOne(ctx, session, { kioskId, wait: false, simulation: null });
    });
  },
});

export const waitProduced = defineStep({
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

export const retry = defineStep({
  kind: 'retry',
  about: 'Produces a failed card again (default: at the kiosk where it failed).',
  schema: v.pipe(
    v.union([v.strictObject({ 'to-kiosk': v.exactOptional(kioskSchema) }), v.null()]),
    v.transform((body) => body?.['to-kiosk'] ?? null),
  ),
  card: 'needed',
  storedBefore: true,
  requires: 'confirmation',
  title: (kiosk) => kiosk && `at ${kiosk}`,
  async kiosk(kiosk, session) {
    // The card names the kiosk where it failed.
    if (!session.latest) await session.read();
    return kiosk ?? session.card.production?.kioskId ?? null;
  },
  async run({ ctx, session, record }, toKiosk) {
    await record('retry', async () => {
      session.setNeedsOnlyProduction(await mayReadOnlyProduction(ctx, session.identity));
      await retryOne(ctx, session, { toKiosk, abandon: false, wait: false, simulation: null });
    });
  },
});
