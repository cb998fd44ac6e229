// A journal as a bank has it after some weeks, written through the journal's own interface.

import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CardEvent, emptyEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { type CardToken, type KioskId, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { settleWindow } from '../harness/records.ts';

export const KIOSKS = 20;
const MINUTE = 60_000;
const CODES = ['PRD_HOPPER_DOOR', 'PRT_RIBBON_ENDED', 'PRD_FEEDER_JAM'];
const AT_ONCE = 500;

export function kiosk(index: number): string {
  return `WIS${String((index % KIOSKS) + 1).padStart(5, '0')}`;
}

interface Seeded {
  index: number;
  cardToken: CardToken;
  kioskId: KioskId;
  /** When it was sent, in milliseconds since the epoch. */
  sentAt: number;
  /** One in twenty failed, one in a hundred is in progress. */
  end: 'PRODUCED' | 'PRODUCTION_ERROR' | null;
}

/** Where the disk is memory: tens of thousands of commits take a minute elsewhere. */
const FAST = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Fills the file of a journal. @param home the folder of the journal */
export async function seedJournal(home: string, cards: number): Promise<void> {
  const folder = mkdtempSync(join(FAST, 'kioskctl-bench-'));
  const file = join(folder, 'journal.db');
  const journal = openSqliteJournal({ file, environment: 'sandbox', now: () => Date.now() });
  await fillJournal(journal, cards);
  await journal.close();
  copyFileSync(file, join(home, 'journal.db'));
  rmSync(folder, { recursive: true });
}

/** Half of the cards were sent from here, the others by another system, of which only events tell. */
export async function fillJournal(journal: Journal, cards: number): Promise<void> {
  const now = Date.now();
  for (let from = 0; from < cards; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, cards - from) }, (_, offset) => {
      const index = from + offset;
      return {
        index,
        cardToken: parseCardToken(randomUUID()),
        kioskId: parseKioskId(kiosk(index)),
        sentAt: now - (cards - index) * 4 * MINUTE,
        end:
          index % 401 < 20
            ? ('PRODUCTION_ERROR' as const)
            : index % 100 === 50
              ? null
              : ('PRODUCED' as const),
      };
    });
    const own = some.filter(({ index }) => index % 2 === 0);
    await Promise.all(own.map(async (card) => sendFromHere(journal, card)));
    await Promise.all(some.flatMap((card) => eventsOf(card)).map(async (event) => keep(journal, event)));
  }
  while (!(await journal.projectEvents()));
}

async function sendFromHere(journal: Journal, card: Seeded): Promise<void> {
  const { index, cardToken, kioskId, sentAt, end } = card;
  const own = { profileId: 1_000 + (index % 40), orderId: index + 1, cardToken };
  const cardCreatedAt = iso(sentAt - 10 * MINUTE);
  const known = { ...own, cardCreatedAt, deliveryOption: 'KIOSK_COLLECTION', orderStatus: null };
  await journal.rememberCard(known, sentAt);
  await journal.takeLeases([`card ${own.cardToken}`], 'send');
  const { attempt } = await journal.claim({ ...own, kioskId, reason: 'bench', at: sentAt });
  const baseline = { ...said(card, 'READY'), kioskId: null };
  await journal.markSent(attempt, {
    kioskId,
    orderId: index + 1,
    baseline,
    correlationId: randomUUID(),
    settleWindow: settleWindow(),
    at: sentAt,
  });
  const outcome = end === null ? 'accepted' : end === 'PRODUCED' ? 'produced' : 'failed';
  const production = said(card, end ?? 'IN_PROGRESS');
  await journal.update(attempt, { outcome, production, traceId: randomUUID(), at: sentAt + MINUTE });
  await journal.rememberProduction(cardToken, production, sentAt + MINUTE);
  await journal.releaseLeases([`card ${own.cardToken}`]);
}

function said({ index, kioskId, sentAt }: Seeded, status: string) {
  const errorCode = status === 'PRODUCTION_ERROR' ? (CODES[index % CODES.length] ?? null) : null;
  return { status, kioskId, occurredAt: iso(sentAt), errorCode, description: null };
}

function eventsOf(card: Seeded): CardEvent[] {
  const { index, cardToken, sentAt, end } = card;
  const of = (eventType: string, status: string, orderId: number | null): CardEvent => ({
    ...emptyEvent(eventType),
    ...said(card, status),
    profileId: 1_000 + (index % 40),
    cardToken,
    orderId,
    sentAt: iso(sentAt + MINUTE),
  });
  return [
    of(PRODUCTION_EVENT, 'IN_PROGRESS', null),
    ...(end ? [of(PRODUCTION_EVENT, end, null)] : []),
    ...(end === 'PRODUCED' ? [of(ORDER_EVENT, 'PRODUCED', index + 1)] : []),
  ];
}

/** Stores an event as a listener does. */
export async function keep(journal: Journal, event: CardEvent): Promise<void> {
  await journal.keepEvent({
    deliveryId: randomUUID(),
    signature: 'signed',
    body: Buffer.from(JSON.stringify(event)),
    isTest: false,
    isVerified: true,
    receivedAt: Date.now(),
    event,
  });
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
