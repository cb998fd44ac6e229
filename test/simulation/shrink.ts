import type { Guard } from './mutation.ts';
import { describeItem, type Item, type Plan } from './plan.ts';
import { type End, runPlan } from './run.ts';
import type { Equipment } from './world.ts';

/**
 * Removes everything from a schedule that is not needed to violate a guarantee, and simplifies the rest.
 * @returns the end of the smallest schedule
 */
export async function shrink(end: End, equipment: Equipment, without: Guard | null): Promise<End> {
  let smallest = end;
  for (;;) {
    const smaller = await firstBroken(simplerPlans(smallest.plan), equipment, without);
    if (!smaller) return smallest;
    smallest = smaller;
  }
}

async function firstBroken(
  plans: Iterable<Plan>,
  equipment: Equipment,
  without: Guard | null,
): Promise<End | null> {
  for (const plan of plans) {
    const end = await runPlan(plan, equipment, without);
    if (end.broken !== null) return end;
  }
  return null;
}

/** Yields simpler versions of a schedule, simplest first. */
function* simplerPlans(plan: Plan): Generator<Plan> {
  const { items, cards, lag } = plan;
  for (const item of items) yield { ...plan, items: withoutItem(plan, item) };
  if (cards > 1) yield { ...plan, cards: 1, items: items.map(onFirstCard) };
  if (lag > 0) yield { ...plan, lag: 0 };
  for (const item of items)
    for (const next of simplerItems(item))
      yield { ...plan, items: items.map((one) => (one === item ? next : one)) };
}

function withoutItem({ items }: Plan, item: Item): Item[] {
  return items.filter(
    (one) => one !== item && !('process' in one && item.kind === 'process' && one.process === item.id),
  );
}

function onFirstCard(item: Item): Item {
  return item.kind === 'process' ? { ...item, command: { ...item.command, card: 1 } } : item;
}

function* simplerItems(item: Item): Generator<Item> {
  if ('at' in item && item.at % 1_000 !== 0) yield { ...item, at: Math.round(item.at / 1_000) * 1_000 };
  if ('milliseconds' in item && item.milliseconds % 10_000 !== 0)
    yield { ...item, milliseconds: Math.round(item.milliseconds / 10_000) * 10_000 };
  if (item.kind !== 'process') return;
  const { network, isContained, command } = item;
  if (network !== 'calm') yield { ...item, network: 'calm' };
  if (isContained) yield { ...item, isContained: false };
  if (command.wait) yield { ...item, command: { ...command, wait: false } };
}

/** Describes a failure: the seed, the violated guarantee, the remaining schedule, and its log. */
export function describeFailure({ plan, broken, log }: End): string {
  const { seed, cards, lag, items } = plan;
  return [
    `Seed ${seed}: ${broken}.`,
    `A shorter schedule of it, with ${cards} card(s)${lag > 0 ? `, reads late by up to ${lag} ms` : ''}:`,
    ...(items.length === 0
      ? ['  nothing but the commands at the end']
      : items.map((item) => `  ${describeItem(item)}`)),
    'What happened:',
    ...log.slice(-150).map((line) => `  ${line}`),
  ].join('\n');
}
