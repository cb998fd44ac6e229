import type { Attempt } from '../../src/domain/attempt.ts';
import { lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import type { Production } from '../../src/sandbox/state/tables/productions.ts';
import { contradiction } from './claims.ts';
import type { AttemptClaim, JournalFile, MountedJournal } from './disk.ts';
import type { SimulatedProcess } from './process.ts';
import type { VendorCard } from './vendor.ts';
import type { World } from './world.ts';

/** A request to produce or to cancel a card, as it really is, whoever knows. */
export interface Sent {
  kind: 'produce' | 'cancel';
  process: SimulatedProcess;
  cardToken: string;
  correlationId: string;
  /** The journal of its process, and how the process has it open. */
  journal: JournalFile;
  mounted: Pick<MountedJournal, 'isInPlace'>;
  /** How often its process was frozen before. */
  freezes: number;
  /** `on its way`: it may still arrive. */
  state: 'on its way' | 'arrived' | 'gone';
  /** The process still waits for its answer. */
  isAwaited: boolean;
  /** What the process read right before. */
  baseline: Attempt['baseline'];
  isAccepted: boolean;
  /** The time by which Wise knows the production that it began. */
  occurredAt: number | null;
}

/** What is promised was broken. */
export class Violation extends Error {}

export type State = 'queued' | 'dropped' | 'in progress' | 'produced' | 'failed';

/** What really happened in a schedule, and whether it is what kioskctl promises. */
export class Truth {
  readonly sent: Sent[] = [];
  /** What was broken within a process, which may have caught it. */
  broken: Violation | null = null;
  readonly #world: World;
  readonly #approved = new Set<string>();
  readonly #abandoned = new Set<string>();
  readonly #stored = new Set<string>();
  /** What became of the productions of each card, by the time by which Wise knows them. */
  readonly #productions = new Map<string, State>();

  constructor(world: World) {
    this.#world = world;
  }

  /** A request leaves. */
  leave(request: Omit<Sent, 'state' | 'isAwaited' | 'isAccepted' | 'occurredAt' | 'freezes'>): Sent {
    const { kind, process, cardToken, journal, mounted } = request;
    if (kind === 'produce') {
      this.#check(mounted.isInPlace, 'a PUT leaves through a journal that is not in place', process);
      const earlier = this.#of(cardToken, journal).find(
        ({ kind, state }) => kind === 'produce' && state === 'on its way',
      );
      this.#check(!earlier, `a PUT leaves while one of ${earlier?.process.id} may still arrive`, process);
    }
    const other = this.#of(cardToken, journal).find((one) => one.kind !== kind && isBeingWorkedOn(one));
    this.#check(
      !other,
      `a ${kind} leaves while the ${other?.kind} of ${other?.process.id} is awaited`,
      process,
    );
    const sent: Sent = {
      ...request,
      freezes: process.freezes,
      state: 'on its way',
      isAwaited: true,
      isAccepted: false,
      occurredAt: null,
    };
    this.sent.push(sent);
    return sent;
  }

  /** A PUT arrives at Wise, whatever Wise answers. @param before the production until now */
  arrive(sent: Sent, before: Production | null): void {
    const { cardToken, process } = sent;
    const isQueued = this.#all(cardToken).includes('queued') && !this.#abandoned.has(cardToken);
    const isProduced = before?.status === 'IN_PROGRESS' || before?.status === 'PRODUCED';
    // The network may deliver one twice.
    const isSame = sent.isAccepted || this.#hasForeign(cardToken, sent);
    const what = isQueued ? 'queued' : before?.status;
    this.#check(isSame || !(isQueued || isProduced), `a PUT arrives for a card that is ${what}`, process);
  }

  /** Wise accepted a PUT. @param before the production until now */
  accept(
    sent: Sent,
    { before, occurredAt, isQueued }: { before: Production | null; occurredAt: number; isQueued: boolean },
  ): void {
    const { process, cardToken, baseline } = sent;
    sent.isAccepted = true;
    sent.occurredAt = occurredAt;
    this.#check(process.exitCode !== 7, 'a PUT is accepted after its command ended with 7', process);
    const others = this.#of(cardToken, sent.journal).filter((one) => one.isAccepted && one !== sent);
    this.#check(!others.some((one) => one.process === process), 'one command had two PUTs accepted', process);
    this.#check(
      !this.#all(cardToken).includes('produced'),
      'a card that was produced is accepted again',
      process,
    );
    const isAsBefore =
      before?.status === (baseline?.status ?? before?.status) &&
      new Date(before?.occurredAt ?? 0).getTime() === Date.parse(baseline?.occurredAt ?? '');
    this.#check(
      isAsBefore || this.#hasForeign(cardToken, sent),
      'a PUT is accepted after something that its process did not read',
      process,
    );
    this.#check(
      this.#isAsked(sent, before) || this.#isForeign(before, sent),
      'a PUT is accepted that no person asked for',
      process,
    );
    this.#productions.set(`${cardToken} ${occurredAt}`, isQueued ? 'queued' : 'in progress');
  }

  /** A command ended: its exit code must be true. */
  end(process: SimulatedProcess, { cardToken, orderId }: VendorCard, exitCode: number): void {
    const { vendor } = this.#world;
    const { kind, wait } = process.plan.command;
    const own = this.sent.filter((one) => one.process === process && one.kind === 'produce');
    const isSent = own.some(({ isAccepted }) => isAccepted);
    const isOnCard = this.sent.some((one) => one.cardToken === cardToken && one.isAccepted);
    if (exitCode === 7 && isSent)
      this.broken ??= new Violation(`a command ends with 7 whose PUT was accepted (${process.id})`);
    const status = vendor.productionOf(cardToken)?.status ?? '';
    const isTrue = {
      produce: wait ? status === 'PRODUCED' : isOnCard,
      retry: wait ? status === 'PRODUCED' : isOnCard,
      abandon: wait ? status === 'PRODUCED' : isOnCard,
      'wait-produced': status === 'PRODUCED',
      run: status === 'PRODUCED',
      resume: status === 'PRODUCED',
      cancel: vendor.orderStatus(orderId) === 'CANCELLED',
      listen: true,
    }[kind];
    if (exitCode === 0 && !isTrue)
      this.broken ??= new Violation(`${kind} ends with 0, but the card is ${status} (${process.id})`);
  }

  /** The journal in place has an event. */
  store(deliveryId: string): void {
    this.#stored.add(deliveryId);
  }

  /** An event was answered with 200. */
  answer(deliveryId: string, process: SimulatedProcess): void {
    if (!this.#stored.has(deliveryId))
      this.broken ??= new Violation(`an event is answered 200 that is not stored (${process.id})`);
  }

  /** A production of a card moved. */
  move(cardToken: string, occurredAt: number, state: State): void {
    if (state === 'produced')
      this.#check(!this.#all(cardToken).includes('produced'), 'a card is produced twice');
    this.#productions.set(`${cardToken} ${occurredAt}`, state);
  }

  isQueued(cardToken: string, occurredAt: number): boolean {
    return this.#productions.get(`${cardToken} ${occurredAt}`) === 'queued';
  }

  /** Compares what the journal in place says of each attempt with what really happened. */
  checkClaims(claims: readonly AttemptClaim[]): void {
    const recorded = new Set(claims.map(({ correlationId }) => correlationId));
    // A replaced or restored journal can't know to which request a production belongs.
    const isUnknown = (cardToken: string) =>
      this.sent.some(
        (one) => one.kind === 'produce' && one.cardToken === cardToken && !recorded.has(one.correlationId),
      );
    for (const { cardToken, correlationId, outcome } of claims) {
      const sent = this.sent.find((one) => one.correlationId === correlationId);
      const state = sent?.occurredAt ? this.#productions.get(`${sent.cardToken} ${sent.occurredAt}`) : null;
      const problem = contradiction(outcome, { sent, state: state ?? null });
      if (problem && !isUnknown(cardToken))
        throw new Violation(
          `the journal says ${outcome} of the PUT of ${sent?.process.id ?? 'nobody'}, but ${problem}`,
        );
    }
  }

  /** A person said that the cause of the current failure of a card is fixed. */
  approve(cardToken: string, production: Production | null): void {
    this.#approved.add(`${cardToken} ${production?.occurredAt}`);
  }

  /** A person said that the open attempt on a card will not print. */
  abandon(cardToken: string): void {
    this.#abandoned.add(cardToken);
  }

  #isAsked({ process, cardToken }: Sent, before: Production | null): boolean {
    const { kind } = process.plan.command;
    if (kind === 'produce' || kind === 'run' || kind === 'resume') return before?.status === 'READY';
    if (kind !== 'retry' && kind !== 'abandon') return false;
    if (before?.status !== 'PRODUCTION_ERROR') return before?.status === 'READY';
    return (
      lookUpError('production', before.errorCode).retry !== 'after-fix' ||
      this.#approved.has(`${cardToken} ${before.occurredAt}`)
    );
  }

  #of(cardToken: string, journal: JournalFile): Sent[] {
    return this.sent.filter((one) => one.cardToken === cardToken && one.journal === journal);
  }

  /** Did a process with another journal work on this card, too? Then no journal can tell whose a production is. */
  #hasForeign(cardToken: string, { journal }: Sent): boolean {
    return this.sent.some((one) => one.cardToken === cardToken && one.journal !== journal);
  }

  /** Did a process with another journal begin a production? */
  #isForeign(production: Production | null, { journal }: Sent): boolean {
    return this.sent.some((one) => one.journal !== journal && one.occurredAt === production?.occurredAt);
  }

  #all(cardToken: string): State[] {
    return [...this.#productions].filter(([key]) => key.startsWith(cardToken)).map(([, state]) => state);
  }

  #check(isKept: boolean, broken: string, process?: SimulatedProcess): void {
    if (isKept) return;
    this.broken ??= new Violation(process ? `${broken} (${process.id})` : broken);
    throw this.broken;
  }
}

/** True while a process that was not frozen since waits for the answer. */
function isBeingWorkedOn({ process, freezes, isAwaited, mounted }: Sent): boolean {
  // A restore ends all leases.
  return isAwaited && process.isRunning && process.freezes === freezes && mounted.isInPlace;
}
