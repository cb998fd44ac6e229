import { cancel } from '../../src/cards/cancel.ts';
import { produce } from '../../src/cards/produce.ts';
import { retry } from '../../src/cards/retry.ts';
import type { CardRequest } from '../../src/cards/session/resolve-cards.ts';
import { waitProduced } from '../../src/cards/wait-produced.ts';
import type { Context } from '../../src/context/context.ts';
import { asFailure } from '../../src/domain/errors/failure.ts';
import { type CardToken, parseCardToken, parseKioskId } from '../../src/domain/ids.ts';
import type { CardResult } from '../../src/domain/results.ts';
import { EventChoice } from '../../src/events/event-filter.ts';
import { listen } from '../../src/events/listen.ts';
import { openContext } from './context.ts';
import type { Command, ProcessPlan } from './plan.ts';
import { changePlan, detach, servePlans } from './plans.ts';
import { SimulatedProcess } from './process.ts';
import { resume, run } from './scenario.ts';
import { Violation } from './truth.ts';
import { PROFILE } from './vendor.ts';
import type { World } from './world.ts';

/** Starts a process with its command at its planned time. */
export function start(
  world: World,
  { plan, processes }: { plan: ProcessPlan; processes: SimulatedProcess[] },
): SimulatedProcess {
  const faults = world.plan.items.filter((item) => 'process' in item && item.process === plan.id);
  const process = new SimulatedProcess(world, plan, faults as never);
  processes.push(process);
  world.timeline.at(plan.at, () =>
    process.wake(0, () => {
      process.hasBegun = true;
      world.trace(`${process.id} begins: ${plan.command.kind} card ${plan.command.card}`);
      const context = openContext(world, process);
      const target = requestOf(world, plan.command);
      const end = (exitCode: number) => {
        process.end(exitCode);
        world.truth.end(process, target, exitCode);
      };
      void work(context, plan, target).then(
        // A run or card that a signal interrupted has no exit code.
        (exitCode) => end(exitCode ?? 130),
        (error: unknown) => {
          end(asFailure(error).exitCode);
          if (asFailure(error).exitCode === 1)
            world.truth.broken ??= new Violation(`a bug: ${String((error as Error).stack)}`);
        },
      );
    }),
  );
  return process;
}

type Target = CardRequest & { orderId: number; cardToken: CardToken };

function requestOf({ cards }: World, { card }: Command): Target {
  const known = cards[card - 1];
  if (!known) throw new TypeError('no such card');
  return { profileId: PROFILE, orderId: known.orderId, cardToken: parseCardToken(known.cardToken) };
}

/** Executes a command. @returns the exit code */
async function work(ctx: Context, { id, command }: ProcessPlan, target: Target): Promise<number | null> {
  const { kind, kiosk, wait, timeout } = command;
  const targets = [target];
  const kioskId = parseKioskId(kiosk);
  const options = { targets, wait, settings: {}, simulation: null };
  switch (kind) {
    case 'produce':
      return exitCodeOf(await produce(ctx, { ...options, kioskId }));
    case 'retry':
    case 'abandon':
      return exitCodeOf(await retry(ctx, { ...options, toKiosk: kioskId, abandon: kind === 'abandon' }));
    case 'wait-produced':
      return exitCodeOf(await waitProduced(ctx, { targets, via: 'poll' }));
    case 'cancel':
      return exitCodeOf(await cancel(ctx, targets));
    case 'run':
      return (await run(ctx, { id, card: target, kioskId })).exitCode;
    case 'resume':
      return (await resume(ctx, { id, card: target, kioskId })).exitCode;
    case 'listen':
      await listenUntil(ctx, timeout);
      return 0;
    case 'serve':
      await servePlans(endingAfter(ctx, timeout));
      return 0;
    case 'detach':
      await detach(ctx, kioskId);
      return 0;
    case 'approve a plan':
    case 'cancel a plan':
      await changePlan(ctx, kind);
      return 0;
  }
}

function exitCodeOf([result]: readonly CardResult[]): number | null {
  return result?.exitCode ?? null;
}

/** Runs a listener for a while. */
async function listenUntil(ctx: Context, milliseconds: number): Promise<void> {
  const choice = new EventChoice({ type: [], card: [], kiosk: [], status: [] });
  const options = { host: '127.0.0.1', port: 0, path: '/', keys: [], choice, forwardTo: null, catchUp: 0 };
  await listen(endingAfter(ctx, milliseconds), options, () => undefined);
}

/** Returns a context whose signal is aborted after a time. */
function endingAfter(ctx: Context, milliseconds: number): Context {
  const over = new AbortController();
  const signal = AbortSignal.any([ctx.signal, over.signal]);
  void ctx.stopwatch.sleep(milliseconds, ctx.signal).then(
    () => over.abort(),
    () => undefined,
  );
  return { ...ctx, signal };
}
