import { cancelOne } from '../../cards/cancel.ts';
import { prepareOrder } from '../../cards/order.ts';
import { placeOrder } from '../../cards/place-order.ts';
import { produceOne } from '../../cards/produce.ts';
import { retryOne } from '../../cards/retry.ts';
import { mayLookLean } from '../../cards/session/read-card.ts';
import type { Subject } from '../../cards/session/session.ts';
import { simulateOne, verifyProfile } from '../../cards/simulate.ts';
import { waitForResult } from '../../cards/wait-produced.ts';
import { waitUntilReady } from '../../cards/wait-ready.ts';
import type { Context } from '../../context/context.ts';
import { recordAction } from '../../context/record-action.ts';
import type { ActionName } from '../../domain/action.ts';
import { isOpen } from '../../domain/attempt.ts';
import { Failure } from '../../domain/errors/failure.ts';
import { commandLine } from '../../domain/next-command.ts';
import type { RunStep, StepKind } from '../../domain/run.ts';
import type { Run } from '../../runs/run.ts';
import { advanceTo, setFault } from './sandbox-steps.ts';
import type { Step } from './step.ts';

/** What a step works on. */
export interface Work {
  run: Run;
  /** With the time that this step has. */
  ctx: Context;
  step: Step;
  subject: Subject;
  /** The step as it is kept. */
  entry: RunStep;
  /** Its session was killed in the middle of it. */
  isAgain: boolean;
  /** The card's number in the run. */
  number: number;
  /** Where the card is produced unless the step says otherwise. */
  kioskId: string | null;
  /** The attempt that the steps before made; null where none did in this process. */
  attemptId: string | null;
  /** Was the card seen right before, by the step before? */
  isSeen: boolean;
}

type StepOf<Kind extends StepKind> = Extract<Step, { kind: Kind }>;

/** Carries out a step that is no expectation. @throws Failure */
export async function carryOut(work: Work): Promise<void> {
  const { ctx, step, subject, isSeen, attemptId } = work;
  switch (step.kind) {
    case 'order':
      return order(work, step);
    case 'wait-ready':
      return waitUntilReady(ctx, subject, { isSeen });
    case 'produce':
      return produce(work);
    case 'wait-produced':
      return waitForResult(ctx, subject, { ...(attemptId !== null && { attemptId }), isSeen });
    case 'simulate':
      return simulate(work, step);
    case 'retry':
      return retry(work, step);
    case 'cancel':
      return recorded(work, 'cancel', async () => cancelOne(ctx, subject));
    case 'fault':
      return setFault(ctx, step.fault, work);
    case 'advance':
      return advanceTo(ctx, work.entry);
    case 'expect':
      throw new TypeError('an expectation does nothing');
  }
}

/** Under a key of its own, which orders the same again when the step is repeated. */
async function order(work: Work, step: StepOf<'order'>): Promise<void> {
  const { run, subject, number } = work;
  const ctx = { ...work.ctx, profileId: step.profileId ?? work.ctx.profileId };
  const given = { fields: step.fields, file: null, like: null, replaces: null };
  const prepared = await prepareOrder(ctx, given, run.checks);
  subject.target.profileId = prepared.profileId;
  await recorded(work, 'order', async () => {
    const key = `run ${run.record.id} ${number}.${step.index}`;
    const placed = await placeOrder(ctx, prepared, key).catch((error: unknown) => {
      throw lostOrder(ctx, prepared.profileId, error);
    });
    await subject.take(placed.order);
  });
}

/** The key is the run's: nobody can repeat the order with it, only look whether it is there. */
function lostOrder(ctx: Context, profileId: number, error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== 'outcome-unknown') return error;
  const look = commandLine(['orders', '--profile-id', String(profileId)], ctx.invocation);
  const { message, details } = error;
  return new Failure(error.code, message, {
    hint: `See whether it is there, and cancel it then: ${look}`,
    ...(details && { details }),
  });
}

async function produce(work: Work): Promise<void> {
  const { ctx, subject } = work;
  const kioskId = kioskFor(work);
  await recorded(work, 'produce', async () => {
    subject.isLean = await mayLookLean(ctx, subject.target);
    await produceOne(ctx, subject, { kioskId, wait: false, simulation: null });
  });
}

async function retry(work: Work, { toKiosk }: StepOf<'retry'>): Promise<void> {
  const { ctx, subject } = work;
  const options = { toKiosk, abandon: false, wait: false, simulation: null };
  await recorded(work, 'retry', async () => {
    subject.isLean = await mayLookLean(ctx, subject.target);
    await retryOne(ctx, subject, options);
  });
}

async function simulate(work: Work, { simulation }: StepOf<'simulate'>): Promise<void> {
  const { ctx, subject } = work;
  if (simulation === 'profile-verified') return verifyProfile(ctx, subject.target.profileId);
  await recorded(work, 'simulate', async () => simulateOne(ctx, subject, simulation));
}

/** The kiosk of a produce step, or where a retry goes. @throws Failure `input-required` */
export function kioskFor({ step, subject, kioskId }: Pick<Work, 'step' | 'subject' | 'kioskId'>): string {
  const named = step.kind === 'produce' ? step.kioskId : step.kind === 'retry' ? step.toKiosk : null;
  const last = step.kind === 'retry' ? subject.card.production?.kioskId : null;
  const kiosk = named ?? last ?? kioskId;
  if (kiosk !== null) return kiosk;
  throw new Failure('input-required', 'Which kiosk?', {
    hint: 'Name it in the step (produce: WIS00001), with --kiosk, or in the context.',
  });
}

/** Is something being produced, as far as it was seen? */
export function isAtKiosk({ card, latest }: Subject): boolean {
  return card.stage === 'in-progress' || isOpen(latest?.facts.attempt ?? null);
}

async function recorded(work: Work, action: ActionName, done: () => Promise<unknown>): Promise<void> {
  const { ctx, subject, run } = work;
  const kioskId = action === 'produce' || action === 'retry' ? kioskFor(work) : null;
  await recordAction(ctx, { subject, action, kioskId, selection: `run ${run.record.id}` }, done);
}
