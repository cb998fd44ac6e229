import type { Attempt } from '../../src/domain/attempt.ts';
import { lookUpError } from '../../src/domain/errors/error-catalogue.ts';
import type { Production } from '../../src/sandbox/state/tables/productions.ts';
import { contradiction } from './claims.ts';
import type { AttemptClaim, JournalFile, MountedJournal } from './disk.ts';
import { PlanTruth } from './plan-truth.ts';
import type { SimulatedProcess } from './process.ts';
import type { VendorCard } from './vendor.ts';
import type { World } from './world.ts';

/** The real state of a request to produce or cancel a card, which no process may know. */
export interface Sent {
  kind: 'produce' | 'cancel';
  process: SimulatedProcess;
  cardToken: string;
  correlationId: string;
  /** The journal of the sending process, and its open connection. */
  journal: JournalFile;
  mounted: Pick<MountedJournal, 'isInPlace' | 'isAnnounced'>;
  /** Number of freezes of the process before the request. */
  freezes: number;
  /** `on its way`: the request may still arrive. */
  state: 'on its way' | 'arrived' | 'gone';
  /** True while the process waits for the response. */
  isAwaited: boolean;
  /** The production that the process read before the request. */
  baseline: Attempt['baseline'];
  isAccepted: boolean;
  /** Wise's time of the production that the request started. */
  occurredAt: number | null;
}

/** A violated guarantee. */
export class Violation extends Error {}

export type State = 'queued' | 'dropped' | 'in progress' | 'produced' | 'failed';

/** The real events of a schedule, and the check of kioskctl's guarantees against them. */
export class Truth {
  readonly sent: Sent[] = [];
  readonly plans: PlanTruth;
  /** A violation within a process, which may have caught the error. */
  broken: Violation | null = null;
  readonly #world: World;
  readonly #approved = new Set<string>();
  readonly #abandoned = new Set<string>();
  /** Productions for which a user approved a plan. */
  readonly #planned = new Set<string>();
  readonly #stored = new Set<string>();
  /** Final states of the productions of each card, by Wise's time. */
  readonly #productions = new Map<string, State>();

  constructor(world: World) {
    this.#world = world;
    const stateOf = (correlationId: string) => this.#stateOf(correlationId);
    this.plans = new PlanTruth(() => world.timeline.now, stateOf);
  }

  /** Records a request that is sent. */
  leave(request: Omit<Sent, 'state' | 'isAwaited' | 'isAccepted' | 'occurredAt' | 'freezes'>): Sent {
    const { kind, process, cardToken, journal, mounted } = request;
    if (kind === 'produce') {
      this.#check(mounted.isInPlace, 'a PUT leaves through a journal that is not in place', process);
      this.#check(mounted.isAnnounced, 'a PUT leaves long after the server released its lock', process);
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

  /** Records a PUT that arrives at Wise, whatever the response. @param before the production before it */
  arrive(sent: Sent, before: Production | null): void {
    const { cardToken, process } = sent;
    const isQueued = this.#all(cardToken).includes('queued') && !this.#abandoned.has(cardToken);
    const isProduced = before?.status === 'IN_PROGRESS' || before?.status === 'PRODUCED';
    // The network may deliver a request twice.
    const isSame = sent.isAccepted || this.#hasForeign(cardToken, sent);
    const what = isQueued ? 'queued' : before?.status;
    this.#check(isSame || !(isQueued || isProduced), `a PUT arrives for a card that is ${what}`, process);
  }

  /** Records that Wise accepted a PUT. @param before the production before it */
  accept(
    sent: Sent,
    { before, occurredAt, isQueued }: { before: Production | null; occurredAt: number; isQueued: boolean },
  ): void {
    const { process, cardToken, baseline } = sent;
    sent.isAccepted = true;
    sent.occurredAt = occurredAt;
    this.#check(process.exitCode !== 7, 'a PUT is accepted after its command ended with 7', process);
    const others = this.#of(cardToken, sent.journal).filter((one) => one.isAccepted && one !== sent);
    const isServer = process.plan.command.kind === 'serve';
    this.#check(
      isServer || !others.some((one) => one.process === process),
      'one command had two PUTs accepted',
      process,
    );
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

  /** Records the end of a command, and checks its exit code. */
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
      serve: true,
      detach: true,
      'approve a plan': true,
      'cancel a plan': true,
    }[kind];
    if (exitCode === 0 && !isTrue)
      this.broken ??= new Violation(`${kind} ends with 0, but the card is ${status} (${process.id})`);
  }

  /** Records that the current journal has an event. */
  store(deliveryId: string): void {
    this.#stored.add(deliveryId);
  }

  /** Records that an event got the response 200. */
  answer(deliveryId: string, process: SimulatedProcess): void {
    if (!this.#stored.has(deliveryId))
      this.broken ??= new Violation(`an event is answered 200 that is not stored (${process.id})`);
  }

  /** Records a new state of a production. */
  move(cardToken: string, occurredAt: number, state: State): void {
    if (state === 'produced')
      this.#check(!this.#all(cardToken).includes('produced'), 'a card is produced twice');
    this.#productions.set(`${cardToken} ${occurredAt}`, state);
  }

  isQueued(cardToken: string, occurredAt: number): boolean {
    return this.#productions.get(`${cardToken} ${occurredAt}`) === 'queued';
  }

  /** Compares the attempts in the current journal with reality. */
  checkClaims(claims: readonly AttemptClaim[]): void {
    const recorded = new Set(claims.map(({ correlationId }) => correlationId));
    // A replaced or restored journal can't assign a production to a request.
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

  /** Records that a user confirmed the fix of a card's current failure. */
  approve(cardToken: string, production: Production | null): void {
    this.#approved.add(`${cardToken} ${production?.occurredAt}`);
  }

  /** Records that a user approved a plan, which shows the productions of cards. */
  approvePlan(seen: readonly (readonly [cardToken: string, production: Production | null])[]): void {
    for (const [cardToken, production] of seen) this.#planned.add(`${cardToken} ${production?.occurredAt}`);
  }

  /** Records that a user abandoned the open attempt on a card. */
  abandon(cardToken: string): void {
    this.#abandoned.add(cardToken);
  }

  #isAsked({ process, cardToken }: Sent, before: Production | null): boolean {
    const { kind } = process.plan.command;
    if (kind === 'serve') return this.#planned.has(`${cardToken} ${before?.occurredAt}`);
    if (kind === 'produce' || kind === 'run' || kind === 'resume') return before?.status === 'READY';
    if (kind !== 'retry' && kind !== 'abandon') return false;
    if (before?.status !== 'PRODUCTION_ERROR') return before?.status === 'READY';
    const failed = `${cardToken} ${before.occurredAt}`;
    // The fix may have been confirmed for a plan whose request was refused.
    const isConfirmed = this.#approved.has(failed) || this.#planned.has(failed);
    return isConfirmed || lookUpError('production', before.errorCode).retry !== 'after-fix';
  }

  #stateOf(correlationId: string): State | null {
    const sent = this.sent.find((one) => one.correlationId === correlationId);
    const latest = this.sent.findLast((one) => one.cardToken === sent?.cardToken && one.isAccepted);
    return (sent === latest && this.#productions.get(`${sent?.cardToken} ${sent?.occurredAt}`)) || null;
  }

  #of(cardToken: string, journal: JournalFile): Sent[] {
    return this.sent.filter((one) => one.cardToken === cardToken && one.journal === journal);
  }

  /** True if a process with another journal also sent this card. Then no journal can assign its productions. */
  #hasForeign(cardToken: string, { journal }: Sent): boolean {
    return this.sent.some((one) => one.cardToken === cardToken && one.journal !== journal);
  }

  /** True if a process with another journal started this production. */
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

/** True while a process waits for the response, without a freeze since it sent the request. */
function isBeingWorkedOn({ process, freezes, isAwaited, mounted }: Sent): boolean {
  // A restore ends all leases.
  return isAwaited && process.isRunning && process.freezes === freezes && mounted.isInPlace;
}
