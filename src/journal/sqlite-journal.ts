import { setTimeout as pause } from 'node:timers/promises';
import { type Attempt, type Holder, OPEN_OUTCOMES } from '../domain/attempt.ts';
import type { KeptEvent } from '../domain/event.ts';
import { Failure } from '../domain/failure.ts';
import { Database } from '../sqlite/database.ts';
import { endAct, insertAct } from './acts.ts';
import * as attempts from './attempts.ts';
import * as cards from './cards.ts';
import * as events from './events.ts';
import { GroupCommit } from './group-commit.ts';
import { currentHolder, isHeld, mayBeAlive } from './holder.ts';
import type {
  Act,
  ActEnd,
  AttemptUpdate,
  Claim,
  Delivery,
  EventFilter,
  Journal,
  KeptDelivery,
  KnownCard,
  Listening,
  Observed,
  OrderRequestRecord,
  Sending,
} from './journal.ts';
import * as listenings from './listenings.ts';
import { CARDS_ATTEMPTS_ACTS } from './migrations/001-cards-attempts-acts.ts';
import { EVENTS_LISTENINGS } from './migrations/002-events-listenings.ts';
import { findOrderRequest, recordOrderRequest } from './order-requests.ts';

/** Events that one transaction forgets; 20 ms later comes the next. */
const PRUNED_AT_ONCE = 2_000;

/** A listener that gave no sign of life for this long is gone. */
const SILENCE_MS = 10_000;

const MIGRATIONS = [CARDS_ATTEMPTS_ACTS, EVENTS_LISTENINGS];

/** The schema that this version writes. */
export const JOURNAL_SCHEMA: number = MIGRATIONS.length;

export interface SqliteJournalOptions {
  /** Made if it isn't there; the journals of all environments share it. */
  file: string;
  environment: string;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** How long it waits for another process that writes, in milliseconds. */
  patience?: number | undefined;
}

/** The journal of one environment in a SQLite file. Asynchronous by its interface, so that a server may take its place. */
export class SqliteJournal implements Journal {
  readonly #db: Database;
  readonly #environment: string;
  readonly #now: () => number;
  readonly #holder: Holder = currentHolder();
  readonly #events = new GroupCommit(
    (work) => this.#db.transaction(work),
    (delivery: Delivery) => this.#insertEvent(delivery),
  );

  /** @throws Failure `journal-unusable` */
  constructor({ file, environment, now, patience }: SqliteJournalOptions) {
    const fault = (reason: string) => unusable(file, reason);
    this.#db = new Database({ file, migrations: MIGRATIONS, durability: 'full', patience, fault });
    this.#environment = environment;
    this.#now = now;
  }

  async rememberCard(card: KnownCard, at: number): Promise<void> {
    cards.rememberCard(this.#db, this.#environment, { card, at });
  }

  async findCard({ cardToken, orderId }: Parameters<Journal['findCard']>[0]): Promise<KnownCard | null> {
    const row = cardToken
      ? cards.findByToken(this.#db, this.#environment, cardToken)
      : cards.findByOrder(this.#db, this.#environment, orderId ?? 0);
    return row ? cards.toKnownCard(row) : null;
  }

  async listCards(): Promise<KnownCard[]> {
    return cards.listCards(this.#db, this.#environment).map(cards.toKnownCard);
  }

  async listRecentCards(since: number): Promise<KnownCard[]> {
    return cards.listRecentCards(this.#db, this.#environment, since);
  }

  async latestAttempt(cardToken: string): Promise<Attempt | null> {
    return attempts.findLatestAttempt(this.#db, this.#environment, cardToken);
  }

  async listAttempts(cardToken: string): Promise<Attempt[]> {
    return attempts.listAttempts(this.#db, this.#environment, cardToken);
  }

  async claim(claim: Claim): Promise<{ attempt: Attempt; claimed: boolean }> {
    return this.#db.transaction(() => {
      const open = this.#openAttempt(claim.cardToken);
      return open ? { attempt: open, claimed: false } : { attempt: this.#insert({ claim }), claimed: true };
    });
  }

  async release({ id }: Attempt): Promise<void> {
    attempts.deleteClaim(this.#db, id);
  }

  async markSent({ id }: Attempt, sending: Sending): Promise<Attempt | null> {
    return attempts.markSent(this.#db, id, sending) ? attempts.findAttempt(this.#db, id) : null;
  }

  async update({ id }: Attempt, update: AttemptUpdate): Promise<Attempt> {
    const closes = !OPEN_OUTCOMES.some((outcome) => outcome === update.outcome);
    attempts.updateAttempt(this.#db, id, { ...update, closes });
    return present(attempts.findAttempt(this.#db, id));
  }

  async recordObserved(observed: Observed): Promise<Attempt> {
    return this.#db.transaction(() => {
      const open = this.#openAttempt(observed.cardToken);
      if (open && open.outcome !== 'claimed') return open;
      // An attempt in progress takes the place of a claim, which then can't be sent any more.
      if (open && observed.outcome === 'accepted') {
        attempts.deleteClaim(this.#db, open.id);
        return this.#insert({ observed });
      }
      const attempt = this.#insert({ observed });
      if (open) attempts.moveBehind(this.#db, open, attempt);
      return present(attempts.findAttempt(this.#db, attempt.id));
    });
  }

  isHeld(attempt: Attempt): boolean {
    return isHeld(attempt, this.#now());
  }

  async findOrderRequest(profileId: number, idempotencyKey: string): Promise<OrderRequestRecord | null> {
    return findOrderRequest(this.#db, this.#environment, { profileId, idempotencyKey });
  }

  async recordOrderRequest(request: OrderRequestRecord, at: number): Promise<void> {
    recordOrderRequest(this.#db, this.#environment, { request, at });
  }

  async keepEvent(delivery: Delivery): Promise<KeptEvent | null> {
    return this.#events.add(delivery);
  }

  async listEvents(filter: EventFilter): Promise<KeptEvent[]> {
    return events.listEvents(this.#db, this.#environment, filter);
  }

  async findDelivery(id: number): Promise<KeptDelivery | null> {
    return events.findDelivery(this.#db, this.#environment, id);
  }

  async findCardToken(orderId: number): Promise<string | null> {
    const known = cards.findByOrder(this.#db, this.#environment, orderId)?.card_token;
    return known ?? events.findCardToken(this.#db, this.#environment, orderId);
  }

  async latestEventId(): Promise<number> {
    return events.latestEventId(this.#db, this.#environment);
  }

  async pruneEvents(before: number): Promise<number> {
    let pruned = 0;
    for (;;) {
      const changes = events.pruneEvents(this.#db, this.#environment, { before, limit: PRUNED_AT_ONCE });
      pruned += changes;
      if (changes < PRUNED_AT_ONCE) return pruned;
      // A listener has its turn in between: it answers its senders within seconds.
      await pause(20);
    }
  }

  async startListening(url: string, at: number): Promise<number> {
    return listenings.insertListening(this.#db, this.#environment, { url, holder: this.#holder, at });
  }

  async heartbeat(listening: number, at: number): Promise<void> {
    listenings.beat(this.#db, listening, at);
  }

  async endListening(listening: number, at: number): Promise<void> {
    listenings.endListening(this.#db, listening, at);
  }

  async listListenings(since: number): Promise<Listening[]> {
    return listenings.listListenings(this.#db, this.#environment, since);
  }

  async isListenedTo(): Promise<boolean> {
    const recent = listenings.listListenings(this.#db, this.#environment, this.#now() - SILENCE_MS);
    return recent.some(({ endedAt, holder }) => endedAt === null && mayBeAlive(holder));
  }

  async startAct(act: Act): Promise<number> {
    return insertAct(this.#db, this.#environment, { act, holder: this.#holder });
  }

  async endAct(id: number, end: ActEnd): Promise<void> {
    endAct(this.#db, id, end);
  }

  async forget(): Promise<void> {
    this.#db.transaction(() => {
      for (const table of ['cards', 'attempts', 'order_requests', 'events']) {
        this.#db.run(`DELETE FROM ${table} WHERE environment = :environment`, {
          environment: this.#environment,
        });
      }
    });
  }

  close(): void {
    this.#db.close();
  }

  #insertEvent(delivery: Delivery): KeptEvent | null {
    const id = events.insertEvent(this.#db, this.#environment, delivery);
    if (id === null) return null;
    const { event, deliveryId, receivedAt, isTest, isVerified } = delivery;
    return { ...event, id, deliveryId, receivedAt, isTest, isVerified };
  }

  /** The open attempt on a card, unless it is a claim that its process left behind: that one is removed. */
  #openAttempt(cardToken: string): Attempt | null {
    const open = attempts.findOpenAttempt(this.#db, this.#environment, cardToken);
    if (open?.outcome !== 'claimed' || this.isHeld(open)) return open;
    attempts.deleteClaim(this.#db, open.id);
    return null;
  }

  #insert(attempt: { claim: Claim } | { observed: Observed }): Attempt {
    const id = attempts.insertAttempt(this.#db, this.#environment, { holder: this.#holder, ...attempt });
    return present(attempts.findAttempt(this.#db, id));
  }
}

function present<Value>(value: Value | null): Value {
  if (value === null) throw new TypeError('a row that was just written is not there');
  return value;
}

function unusable(file: string, reason: string): Failure {
  return new Failure('journal-unusable', `The journal ${file} ${reason}.`, {
    hint: 'Nothing is sent without the journal. Free or repair the file, or set KIOSKCTL_HOME to another folder.',
  });
}
