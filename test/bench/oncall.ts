// npm run bench:oncall [cards]: how much longer the views of a person on call take than `node -e 0`, over journals with
// 10,000 and 100,000 cards, in pairs on the same Node, as medians. The goals are times on a machine on which `node -e 0`
// takes 40 ms, so they are compared as multiples of it.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KIOSKS, kiosk, seedJournal } from './oncall-journal.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const PAIRS = 21;
const FEW = Number(process.argv[2] ?? 10_000);
const MANY = 10 * FEW;
const MEMORY_LIMIT_MIB = 120;
const of40 = (milliseconds: number) => milliseconds / 40;

const home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const env = { PATH: process.env.PATH, HOME: home, KIOSKCTL_HOME: home, KIOSKCTL_ENVIRONMENT: 'sandbox' };

function run(args: string[]): { milliseconds: number; stderr: string } {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { milliseconds: performance.now() - started, stderr };
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Peak memory of a command in MiB, which the process itself says at its end. */
function peakOf(args: string[]): number {
  const probe = join(home, 'probe.cjs');
  writeFileSync(
    probe,
    "process.on('exit', () => process.stderr.write(`peak ${process.resourceUsage().maxRSS}`));",
  );
  const { stderr } = run(['--require', probe, BINARY, ...args]);
  return Number(/peak (\d+)$/.exec(stderr)?.[1]) / 1024;
}

/** Prints how long the commands take over a journal. @returns false if a figure is over its limit */
async function measure(cards: number, commands: readonly [args: string[], most: number][]): Promise<boolean> {
  const seeding = performance.now();
  await seedJournal(home, cards);
  const seconds = ((performance.now() - seeding) / 1_000).toFixed(0);
  console.log(`\n${cards} cards at ${KIOSKS} kiosks (made in ${seconds} s)`);
  let isMet = true;
  for (const [args, most] of commands) {
    run([BINARY, ...args]);
    const pairs = Array.from({ length: PAIRS }, () => {
      const bare = run(['-e', '0']).milliseconds;
      return { bare, more: run([BINARY, ...args]).milliseconds - bare };
    });
    const ratio = median(pairs.map(({ more, bare }) => more / bare));
    const peak = peakOf(args);
    const isLineMet = ratio <= most && peak <= MEMORY_LIMIT_MIB;
    isMet &&= isLineMet;
    const more = median(pairs.map((pair) => pair.more)).toFixed(0);
    console.log(
      `${isLineMet ? 'met' : 'NOT MET'}: ${args.join(' ')}: ${ratio.toFixed(2)} node -e 0 more (at most ${most}), ` +
        `${more} ms; peak ${peak.toFixed(0)} MiB (at most ${MEMORY_LIMIT_MIB})`,
    );
  }
  return isMet;
}

const bare = median(Array.from({ length: PAIRS }, () => run(['-e', '0']).milliseconds));
console.log(`Node ${process.version}; node -e 0 takes ${bare.toFixed(0)} ms; ${PAIRS} pairs each`);
const failed = ['status', '--kiosk', kiosk(7), '--failed', '--cached'];
const isFewMet = await measure(FEW, [
  [['kiosk', 'list', '--json'], of40(60)],
  [['kiosk', 'list'], of40(150)],
  [[...failed, '--json'], of40(150)],
  [failed, of40(150)],
]);
const isManyMet = await measure(MANY, [[['kiosk', 'list', '--json'], of40(250)]]);
process.exitCode = isFewMet && isManyMet ? 0 : 1;
