// Runs random schedules of several kioskctl processes in a simulated world, and checks kioskctl's guarantees: npm run
// simulate -- --schedules 1000 --seed 1 [--without GUARD] [--server] [--plans]

import { parseArgs } from 'node:util';
import { GUARDS, type Guard, PLAN_GUARDS, SERVER_GUARDS } from './mutation.ts';
import { describeFailure } from './shrink.ts';
import { MODEL, PLAN_MODEL, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '1000' },
    seed: { type: 'string', default: '1' },
    without: { type: 'string' },
    server: { type: 'boolean', default: false },
    plans: { type: 'boolean', default: false },
  },
});

const started = performance.now();
const { failure, schedules, medianProcesses, medianEvents, decisions } = await simulate({
  seed: whole('seed', values.seed),
  schedules: whole('schedules', values.schedules),
  without: guardOf(values.without),
  model: { ...(values.plans ? PLAN_MODEL : MODEL), isServer: values.server },
  onSchedule: (done) => {
    if (done % 1_000 === 0) console.error(`${done} schedules …`);
  },
});
const seconds = (performance.now() - started) / 1_000;
console.log(
  `${schedules} schedules in ${seconds.toFixed(1)} s (${Math.round(schedules / seconds)} a second)`,
);
console.log(`in the median, ${medianProcesses} processes and ${medianEvents} events`);
console.log('how often each guard decided:');
for (const [guard, times] of [...decisions].toSorted(([, left], [, right]) => right - left))
  console.log(`  ${guard.padEnd(22)} ${times}`);
if (failure) {
  console.log(describeFailure(failure));
  process.exitCode = 1;
} else console.log('every promise was kept');

function whole(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} is a whole number`);
  return Number(text);
}

function guardOf(text: string | undefined): Guard | null {
  const guards = [...GUARDS, ...SERVER_GUARDS, ...PLAN_GUARDS];
  const guard = guards.find((one) => one === text) ?? null;
  if (text !== undefined && guard === null) throw new Error(`--without is one of ${guards.join(', ')}`);
  return guard;
}
