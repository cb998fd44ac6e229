import type { Context } from '../../context/context.ts';
import { asFailure } from '../../domain/errors/failure.ts';
import { canonical } from '../../domain/order.ts';
import type { RunStep } from '../../domain/run.ts';
import type { PlannedCard } from '../../runs/run.ts';
import type { Fault } from '../../wire/fault.ts';

/** Sets a fault; one that a killed session had set already is there once. */
export async function setFault(ctx: Context, fault: Fault, { isAgain }: { isAgain: boolean }): Promise<void> {
  const control = ctx.sandboxControl();
  const isThere = isAgain && (await control.listFaults()).some((one) => isSame(one, fault));
  if (!isThere) await control.addFault(fault);
}

/** What of a card's faults was not used up goes with it; those of others stay. */
export async function takeBackFaults(ctx: Context, { steps }: PlannedCard): Promise<void> {
  const own = steps.flatMap((step) => (step.kind === 'fault' ? [step.fault] : []));
  if (own.length === 0) return;
  try {
    const control = ctx.sandboxControl();
    const there = await control.listFaults();
    const others = there.filter((one) => !own.some((fault) => isSame(fault, one)));
    if (others.length === there.length) return;
    await control.clearFaults();
    for (const fault of others) await control.addFault(fault);
  } catch (error) {
    ctx.report.warn(`Faults of the scenario may still be set: ${asFailure(error).message}`);
  }
}

/** When the sandbox's clock is to be after a step, in its milliseconds: a killed step is not done a second time. */
export async function timeAfter(ctx: Context, by: number): Promise<number> {
  return (await ctx.sandboxControl().advance(0)) + by;
}

export async function advanceTo(ctx: Context, { advanceTo: time = 0 }: RunStep): Promise<void> {
  const control = ctx.sandboxControl();
  await control.advance(Math.max(0, time - (await control.advance(0))));
}

function isSame({ times: _left, ...one }: Fault, { times: _times, ...other }: Fault): boolean {
  return canonical(one) === canonical(other);
}
