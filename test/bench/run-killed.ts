// npm run soak: a run of 200 cards on 10 kiosks whose process is killed ten times at random moments (again with the seed
// that is printed: node test/bench/run-killed.ts SEED); each card is ordered once, and produced with exactly one PUT.
import { killRun } from '../acceptance/run-killed.ts';

const CARDS = 200;
const KILLS = 10;
const seed = Number(process.argv[2] ?? Math.floor(Math.random() * 1_000_000));
const started = performance.now();
const survived = await killRun({ cards: CARDS, kiosks: 10, kills: KILLS, seed });
console.log({ seed, ...survived });
const { killed, exitCode, orders, puts, passed } = survived;
const isExact =
  killed === KILLS &&
  exitCode === 0 &&
  orders === CARDS &&
  passed === CARDS &&
  JSON.stringify(puts) === `{"1":${CARDS}}`;
const seconds = ((performance.now() - started) / 1_000).toFixed(0);
console.log(
  `Killed ${killed} times, each of the ${CARDS} cards was ${isExact ? '' : 'NOT '}ordered once and produced by one PUT (${seconds} s).`,
);
process.exitCode = isExact ? 0 : 1;
