// Signed webhooks to a listener that is killed and restarted, from a sender that repeats what got no 2xx: 5 % more with a
// wrong signature, 10 % more twice, shuffled.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { cardBody, deliver, EventSigner } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

/** `npm run soak` sets SOAK=all. */
const { events: EVENTS, kills: KILLS } =
  process.env.SOAK === 'all' ? { events: 20_000, kills: 5 } : { events: 600, kills: 3 };

interface Soaked {
  /** Deliveries that were answered, by status. */
  answers: Record<number, number>;
  /** Deliveries without an answer, which were repeated. */
  unanswered: number;
  /** Events that are missing in the journal, or should not be there. */
  lost: number;
  extra: number;
  kept: number;
  /** Stored events with other bytes or another signature than the original. */
  spoiled: number;
  exitCode: number | null;
  /** How many listenings the journal knows, and how many of them ended in order. */
  listenings: { total: number; ended: number };
}

interface Delivery {
  body: Buffer;
  signature: string;
  deliveryId: string;
  isValid: boolean;
}

const AT_ONCE = 16;

async function soak(user: User): Promise<Soaked> {
  const signer = new EventSigner();
  const keyFile = join(user.home, 'key.pem');
  writeFileSync(keyFile, signer.publicKey);
  const start = () => ListenerProcess.start(user.env, '--public-key', keyFile, '--catch-up-since', '0');
  const { deliveries, originals } = prepare(signer, EVENTS);
  const result = { answers: {} as Record<number, number>, unanswered: 0 };
  let listener = await start();
  let restarting: Promise<void> = Promise.resolve();
  let killed = 0;
  let done = 0;
  const total = deliveries.length;

  const restart = async () => {
    await listener.end('SIGKILL');
    listener = await start();
  };
  const send = async () => {
    for (let delivery = deliveries.pop(); delivery; delivery = deliveries.pop()) {
      await restarting;
      const status = await deliver(listener.url, delivery);
      if (status === 0) result.unanswered += 1;
      else result.answers[status] = (result.answers[status] ?? 0) + 1;
      if (status !== (delivery.isValid ? 200 : 503)) deliveries.unshift(delivery);
      else done += 1;
      if (killed < KILLS && done >= ((killed + 1) * total) / (KILLS + 1)) {
        killed += 1;
        restarting = restart();
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, send));
  await restarting;
  const exitCode = await listener.end();
  return { ...result, exitCode, ...(await compare(join(user.home, 'journal.db'), originals)) };
}

/** 5 % bad signatures, 10 % duplicates (the same delivery, or another one of the same event), in any order. */
function prepare(
  signer: EventSigner,
  count: number,
): { deliveries: Delivery[]; originals: Map<string, Set<string>> } {
  const deliveries: Delivery[] = [];
  /** By card: the bodies that may be stored for it. */
  const originals = new Map<string, Set<string>>();
  for (let index = 0; index < count; index += 1) {
    const event = signer.event();
    deliveries.push({ ...event, isValid: true });
    const bodies = new Set([event.body.toString()]);
    originals.set(event.cardToken, bodies);
    if (index % 20 === 0) deliveries.push({ ...event, isValid: true });
    if (index % 20 === 10) {
      const later = cardBody({ cardToken: event.cardToken, sentAt: '2026-03-01T12:30:00.000Z' });
      bodies.add(later.toString());
      deliveries.push({ ...signer.signed(later), isValid: true });
    }
    if (index % 20 === 5) {
      const forged = cardBody({ cardToken: crypto.randomUUID() });
      deliveries.push({ ...event, body: forged, deliveryId: crypto.randomUUID(), isValid: false });
    }
  }
  return { deliveries: shuffled(deliveries), originals };
}

function shuffled<Value>(values: readonly Value[]): Value[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ value }) => value);
}

async function compare(file: string, originals: ReadonlyMap<string, Set<string>>) {
  const journal = openSqliteJournal({ file, environment: 'sandbox', now: Date.now });
  try {
    const events = await journal.listEvents({});
    const tokens = new Set<string>(events.map(({ cardToken }) => cardToken ?? ''));
    let spoiled = 0;
    for (const { id, cardToken } of events) {
      const delivery = await journal.findDelivery(id);
      const body = Buffer.from(delivery?.body ?? []).toString();
      if (!originals.get(cardToken ?? '')?.has(body)) spoiled += 1;
    }
    const listenings = await journal.listListeners(0);
    return {
      kept: events.length,
      lost: [...originals.keys()].filter((token) => !tokens.has(token)).length,
      extra: events.length - [...tokens].filter((token) => originals.has(token)).length,
      spoiled,
      listenings: {
        total: listenings.length,
        ended: listenings.filter(({ endedAt }) => endedAt !== null).length,
      },
    };
  } finally {
    await journal.close();
  }
}

test('a listener that is killed repeatedly loses no event and stores none twice', {
  timeout: 600_000,
}, async () => {
  const user = new User({ KIOSKCTL_ENVIRONMENT: 'sandbox' });
  onTestFinished(() => user.leave());
  expect(await soak(user)).toMatchObject({
    kept: EVENTS,
    lost: 0,
    extra: 0,
    spoiled: 0,
    exitCode: 0,
    answers: { 200: EVENTS + EVENTS / 10, 503: EVENTS / 20 },
    listenings: { total: KILLS + 1, ended: 1 },
  });
});
