// Random trials of two machines that send the same cards, while their processes, their network and the database fail.
import { expect } from 'vitest';
import { testWithPostgres } from '../harness/postgres.ts';
import { Laboratory } from './laboratory.ts';
import { drawPlan } from './plan.ts';
import { Trial } from './trial.ts';

/** `npm run soak` sets SOAK=all. */
const {
  trials: TRIALS,
  lanes: LANES,
  longest: LONGEST,
} = process.env.SOAK === 'all'
  ? { trials: Number(process.env.TRIALS ?? 1_000), lanes: 6, longest: 14_000 }
  : { trials: 4, lanes: 2, longest: 1_000 };

testWithPostgres(
  'two machines that fail at random send each card by one request, lose no event, and block each other for 20 seconds at most',
  { timeout: 7_200_000 },
  async () => {
    const first = Number(process.env.SEED ?? Math.floor(Math.random() * 1_000_000_000));
    const seeds = Array.from({ length: TRIALS }, (_, index) => first + index);
    const violations: string[] = [];
    let done = 0;
    const runLane = async () => {
      const laboratory = await Laboratory.open();
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        const trial = new Trial(laboratory, drawPlan(seed, LONGEST));
        const violation = await trial.run();
        done += 1;
        if (violation !== null) violations.push(violation);
        if (process.env.SOAK === 'all')
          console.log(`trial ${done}, seed ${seed}: ${violation ?? trial.summary}`);
      }
      violations.push(...(await laboratory.lostEvents()).map((id) => `the event of delivery ${id} was lost`));
    };
    await Promise.all(Array.from({ length: LANES }, runLane));
    expect(violations, `repeat it with SEED=${first}`).toEqual([]);
    expect(done).toBe(TRIALS);
  },
);
