// Webhooks in the journal of a world, signed with its key.

import type { Context } from '../../src/context/context.ts';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type Imported, importEvents } from '../../src/events/import-events.ts';
import type { EventSelection } from '../../src/events/list-events.ts';
import { SignatureVerifier } from '../../src/webhooks/signature.ts';
import { SIGNER, type World } from '../context/world.ts';

export const EVERYTHING: EventSelection = {
  card: null,
  eventType: null,
  kioskId: null,
  status: null,
  since: null,
  until: null,
};

/** A line as a gateway logs it, signed. */
export function loggedLine(
  body: string,
  more: { deliveryId?: string; test?: boolean; receivedAt?: string } = {},
): string {
  const { deliveryId, test, receivedAt } = more;
  return JSON.stringify({
    headers: {
      'X-Signature-SHA256': SIGNER.sign(body),
      ...(deliveryId && { 'X-Delivery-Id': deliveryId }),
      ...(test && { 'X-Test-Notification': 'true' }),
    },
    body,
    ...(receivedAt && { receivedAt }),
  });
}

export async function importLines(
  world: World,
  lines: readonly string[],
  { unverified = false, context }: { unverified?: boolean; context?: Partial<Context> } = {},
): Promise<Imported> {
  const ctx = world.context(context);
  const { pem, source } = await ctx.webhookKey();
  return importEvents(ctx, { lines, unverified, verifier: new SignatureVerifier({ pem, source }) });
}

/** Keeps signed bodies, and gives back the events. */
export async function keep(world: World, ...bodies: string[]): Promise<KeptEvent[]> {
  const before = await world.journal.latestEventId();
  const { kept } = await importLines(
    world,
    bodies.map((body) => loggedLine(body)),
  );
  if (kept !== bodies.length) throw new Error(`kept ${kept} of ${bodies.length}`);
  return world.journal.listEvents({ afterId: before });
}
