import { drawPlan, describeItem } from './plan.ts';
import { runPlan } from './run.ts';
import { Equipment } from './world.ts';
const model = { stepsCalendar: false, suspends: false, replacesJournal: false, restoresJournal: false };
const eq = new Equipment();
const [from, to, guard, verbose] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4] || null, process.argv[5]];
const t = performance.now();
let shown = 0; const ev: number[] = []; const dec = new Map();
for (let seed = from; seed <= to; seed++) {
  const end = await runPlan(drawPlan(seed, model), eq, guard as never);
  ev.push(end.events);
  for (const [k, v] of end.decisions) dec.set(k, (dec.get(k) ?? 0) + v);
  if (end.broken || verbose) { console.log(seed, end.broken); if (shown++ < 1 || verbose) { console.log(end.plan.items.map(describeItem).join('\n')); console.log(end.log.slice(-200).join('\n')); } if (shown > 8) break; }
}
ev.sort((a,b)=>a-b);
console.log(performance.now() - t, 'ms', ev.length, 'median events', ev[ev.length>>1], dec);
