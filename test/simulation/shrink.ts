import type { Guard } from './mutation.ts';
import { describeItem, type Item, type Plan } from './plan.ts';
import { type End, runPlan } from './run.ts';
import type { Equipment } from './world.ts';

/** Leaves out of a schedule whatever is not needed to break a promise. @returns the end of what is left */
export async function shrink(end: End, equipment: Equipment, without: Guard | null): Promise<End> {
  let smallest = end;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const item of smallest.plan.items) {
      for (const items of [withoutItem(smallest.plan, item), simpler(smallest.plan, item)]) {
        if (!items) continue;
        const next = await runPlan({ ...smallest.plan, items }, equipment, without);
        if (next.broken === null) continue;
        smallest = next;
        isSmaller = true;
        break;
      }
      if (isSmaller) break;
    }
  }
  return smallest;
}

function withoutItem({ items }: Plan, item: Item): Item[] {
  return items.filter(
    (one) => one !== item && !('process' in one && item.kind === 'process' && one.process === item.id),
  );
}

/** A process is simpler on a calm network, and when it does not wait. */
function simpler({ items }: Plan, item: Item): Item[] | null {
  if (item.kind !== 'process') return null;
  const { network, command } = item;
  if (network === 'calm' && !command.wait) return null;
  const next: Item =
    network === 'calm' ? { ...item, command: { ...command, wait: false } } : { ...item, network: 'calm' };
  return items.map((one) => (one === item ? next : one));
}

/** The seed, what was broken, what is left of the schedule, and what happened in it. */
export function describeFailure(end: End): string {
  const { plan, broken, log } = end;
  return [
    `Seed ${plan.seed}: ${broken}.`,
    `A shorter schedule of it, with ${plan.cards} card(s):`,
    ...plan.items.map((item) => `  ${describeItem(item)}`),
    'What happened:',
    ...log.slice(-150).map((line) => `  ${line}`),
  ].join('\n');
}
