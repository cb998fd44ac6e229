// Twelve kiosks of a bank at night: what a board shows, in the tests and in the pictures of the documentation.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Stopwatch } from '../../src/context/clocks.ts';
import type { Context } from '../../src/context/context.ts';
import { startPlan } from '../../src/detached/plan.ts';
import { emptyEvent, ORDER_EVENT, PRODUCTION_EVENT } from '../../src/domain/event.ts';
import { type CardToken, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { CardResult } from '../../src/domain/results.ts';
import type { RunbookPage } from '../../src/domain/runbook.ts';
import { Readiness, startHeartbeat } from '../../src/events/heartbeat.ts';
import { AdminServer } from '../../src/http/admin-server.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { openSqliteJournal } from '../../src/journal/open-journal.ts';
import { currentOwner } from '../../src/journal/store/owner.ts';
import { planClocks } from '../../src/plans/plan-clocks.ts';
import { Board } from '../../src/serve/board/board.ts';
import type { BoardState } from '../../src/serve/board/board-state.ts';
import { plan } from './plans.ts';
import { production, settleWindow } from './records.ts';
import { type Overrides, World } from './world.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;

const REAL_TIME = {
  calendar: { now: () => Date.now() },
  stopwatch: new Stopwatch(
    () => performance.now(),
    async (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
  ),
};

export function kioskId(number: number): string {
  return `WIS${String(number).padStart(5, '0')}`;
}

const RUNBOOK_PAGE: RunbookPage = {
  kind: 'production',
  code: 'PRD_HOPPER_DOOR',
  owner: 'Branch staff',
  steps: ['Ask the branch to close the door until it clicks', 'Have them count the rejected cards'],
  link: 'https://wiki.bank.example/kiosks/door',
  contact: '#kiosks, +44 20 7946 0000',
  retry: null,
};

/** A journal with events, in the real time. */
export class BoardScene {
  readonly world: World;
  readonly journal: Journal;
  readonly ctx: Context;
  server: AdminServer | null = null;
  url = '';
  #cards = 0;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(world: World, overrides: Overrides) {
    this.world = world;
    this.journal =
      overrides.journal ??
      openSqliteJournal({
        file: join(world.folder, 'board.db'),
        environment: 'production',
        now: () => Date.now(),
        owner: { ...currentOwner(), user: 'ada', host: 'ops-laptop' },
      });
    this.ctx = world.context({
      ...REAL_TIME,
      journal: this.journal,
      environment: 'production',
      name: 'bank',
      kiosks: Array.from({ length: 12 }, (_, index) => parseKioskId(kioskId(index + 1))),
      runbook: async () => ({ pages: [RUNBOOK_PAGE] }),
      ...overrides,
    });
  }

  /** Opens a scene with its board. @param read replaces the content of the journal */
  static async open({
    read,
    ...overrides
  }: Overrides & { read?: () => Promise<BoardState> } = {}): Promise<BoardScene> {
    const scene = new BoardScene(await World.open(), overrides);
    const board = new Board(scene.ctx, {
      facts: () => ({ isReady: true, credentials: true }),
      ...(read && { read }),
    });
    const address = { host: '127.0.0.1', port: 0 };
    scene.server = new AdminServer({ address, names: [], password: null, routes: board.routes });
    scene.url = `${await scene.server.listen()}/board`;
    return scene;
  }

  async close(): Promise<void> {
    this.world.abort.abort();
    await this.server?.stop();
    for (const end of this.#ends) await end();
    await this.journal.close();
    await this.world.close();
  }

  /** Stores a production event of a card, as a listener does, or an order event if it has an order. @returns the card */
  async event(
    status: string,
    more: { kiosk?: number | string; code?: string; ago?: number; card?: CardToken; order?: number } = {},
  ): Promise<CardToken> {
    const { kiosk = 1, code = null, ago = 0, card = newToken((this.#cards += 1)), order = null } = more;
    const at = Date.now() - ago;
    const event = {
      ...emptyEvent(order === null ? PRODUCTION_EVENT : ORDER_EVENT),
      profileId: 1001,
      cardToken: card,
      orderId: order,
      kioskId:
        typeof kiosk === 'string' ? (kiosk as ReturnType<typeof parseKioskId>) : parseKioskId(kioskId(kiosk)),
      status,
      errorCode: code,
      occurredAt: new Date(at).toISOString(),
    };
    await this.journal.keepEvent({
      deliveryId: randomUUID(),
      signature: 'signed',
      body: Buffer.from(JSON.stringify(event)),
      isTest: false,
      isVerified: true,
      receivedAt: at,
      event,
    });
    return card;
  }

  /** Adds a card that was ordered some days ago, with its order id. */
  async orderedCard(orderId: number, days: number, card = newToken((this.#cards += 1))): Promise<CardToken> {
    await this.journal.rememberCard(
      {
        profileId: 1001,
        orderId,
        cardToken: card,
        cardCreatedAt: new Date(Date.now() - days * DAY).toISOString(),
        deliveryOption: 'KIOSK_COLLECTION',
        orderStatus: 'CARD_DETAILS_CREATED',
      },
      Date.now(),
    );
    return card;
  }

  /** Adds a card whose request got no answer. */
  async unknownCard(orderId: number, kiosk: number): Promise<void> {
    const cardToken = await this.orderedCard(orderId, 3);
    await this.journal.takeLeases([`card ${cardToken}`], 'send');
    const at = Date.now() - 4 * MINUTE;
    const { attempt } = await this.journal.claim({
      profileId: 1001,
      orderId,
      cardToken,
      kioskId: parseKioskId(kioskId(kiosk)),
      reason: null,
      at,
    });
    await this.journal.markSent(attempt, {
      kioskId: parseKioskId(kioskId(kiosk)),
      orderId,
      baseline: production('READY'),
      correlationId: randomUUID(),
      settleWindow: settleWindow(),
      at,
    });
    await this.journal.update(attempt, { outcome: 'unknown', at });
    await this.journal.releaseLeases([`card ${cardToken}`]);
  }

  /** Registers a listener that has been running since yesterday. */
  async listen(): Promise<void> {
    const url = 'http://127.0.0.1:8788/webhooks';
    const earlier = await this.journal.startListener(url, Date.now() - 26 * 60 * MINUTE);
    const options = {
      url,
      readiness: new Readiness(this.ctx),
      onGap: () => undefined,
      onReplaced: () => undefined,
    };
    this.#ends.push(await startHeartbeat(this.ctx, { ...options, signal: this.ctx.signal }));
    await this.journal.endListener(earlier, Date.now());
  }

  /** Adds a detached plan that this process carries out. @returns its id */
  async detachedPlan(numbers: { kiosk: number; cards: number; produced: number }): Promise<string> {
    const { journal, ctx } = this;
    const [id, kiosk] = ['20260301-021500-3eb4e0f2', parseKioskId(kioskId(numbers.kiosk))];
    const at = Date.now() - 3 * MINUTE;
    const about = { context: 'bank', kioskId: kiosk, reason: 'door closed', profileId: 1001, orderId: null };
    const action = await journal.startAction({
      ...about,
      action: 'approve',
      cardToken: null,
      plan: { id, approval: null },
      at,
    });
    const cards = Array.from({ length: numbers.cards }, (_, index) => {
      return { cardToken: newToken(100 + index), record: {}, result: null };
    });
    const { kind, terms, maxFailures, timeout, settings, simulation, approval } = plan();
    const facts = { id, kind, terms, kioskIds: [kiosk], selection: kiosk, maxFailures, timeout, settings };
    const clocks = planClocks(ctx);
    const approved = { ...approval, action, moment: { ...clocks, server: null } };
    await journal.addPlan({ ...facts, simulation, approval: approved, cards, at }, clocks, () => undefined);
    await journal.changePlan(id, clocks, (one, now, by) => startPlan(one, now, { ...by, at }));
    for (let number = 1; number <= numbers.produced; number += 1)
      await journal.savePlanCard(id, number, { exitCode: 0, outcome: 'done' } as CardResult);
    return id;
  }

  /** Fills the journal: failures at two kiosks, one request without an answer, one hold, two productions. */
  async fill(): Promise<void> {
    await this.listen();
    for (const [index, kiosk] of [1, 3, 5, 6, 8, 9, 10, 11, 12, 2, 4, 7].entries())
      await this.event('PRODUCED', { kiosk, ago: (90 - index * 5) * MINUTE });
    await this.unknownCard(612, 11);
    await this.orderedCard(433, 57);
    await this.orderedCard(421, 61);
    const failing = await this.orderedCard(588, 54);
    await this.event('PRODUCTION_ERROR', {
      kiosk: 4,
      code: 'PRD_HOPPER_DOOR',
      ago: 14 * MINUTE,
      card: failing,
    });
    for (let card = 1; card < 11; card += 1)
      await this.event('PRODUCTION_ERROR', { kiosk: 4, code: 'PRD_HOPPER_DOOR', ago: (14 - card) * MINUTE });
    await this.event('PRODUCTION_ERROR', { kiosk: 9, code: 'PRT_RIBBON_ENDED', ago: 3 * MINUTE });
    await this.event('IN_PROGRESS', { kiosk: 2, ago: 130_000 });
    await this.event('IN_PROGRESS', { kiosk: 2, ago: 40_000 });
    await this.event('PRODUCED', { kiosk: 8, ago: 35_000 });
    await this.event('IN_PROGRESS', { kiosk: 6, ago: 20_000 });
    const reason = 'The door is being repaired, ticket FAC-2231';
    await this.journal.holdKiosk({
      kioskId: parseKioskId(kioskId(7)),
      reason,
      context: 'bank',
      at: Date.now() - 190 * MINUTE,
    });
  }
}

/** Returns the same token for the same number. */
function newToken(number: number): CardToken {
  const digits = (number * 2_654_435_761 + 0x3eb4e0f2) % 0x1_0000_0000;
  return parseCardToken(
    `${digits.toString(16).padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`,
  );
}
