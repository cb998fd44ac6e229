// The main job on the embedded sandbox, in a home of its own: each command as a user types it, with its output.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'kioskctl-demo-'));

/** What happens, the command, and the exit code that it has to end with. */
const STORY: readonly (readonly [what: string, command: string, exitCode: number])[] = [
  ['A customer orders a card for collection at a kiosk.', 'order', 0],
  ['Its data are prepared; a minute later the card may be produced.', 'wait-ready 1001/501', 0],
  [
    'The customer stands at kiosk WIS00001: send the card to it, once.',
    'produce 1001/501 --kiosk WIS00001',
    0,
  ],
  [
    'The hopper door is open. (A real machine says so itself; a sandbox is told.)',
    'simulate 1001/501 --status PRODUCTION_ERROR --error-code PRD_HOPPER_DOOR',
    0,
  ],
  [
    'Whoever waits for the card hears of it at once: exit code 4, retrying helps after a fix.',
    'wait-produced 1001/501',
    4,
  ],
  ['What does it mean?', 'explain PRD_HOPPER_DOOR', 0],
  [
    'Somebody closes the door. The same card again: a new attempt, asked for with --yes.',
    'retry 1001/501 --yes',
    0,
  ],
  ['This time the machine prints it, and the customer takes it.', 'simulate 1001/501 --status PRODUCED', 0],
  ['Where it stands, and how it got there.', 'status 1001/501 --history', 0],
];

// Whatever the user has set for real work stays out of the demo.
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KIOSKCTL_'))),
  KIOSKCTL_HOME: home,
};

process.on('exit', () => rmSync(home, { recursive: true, force: true }));
const started = performance.now();
for (const [what, command, wanted] of STORY) {
  console.log(`\n# ${what}\n$ kioskctl ${command}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...command.split(' ')], {
    env,
    encoding: 'utf8',
  });
  process.stdout.write(`${stderr}${stdout}`);
  if (status !== 0) console.log(`(exit code ${status})`);
  if (status !== wanted) {
    console.error(`The demo expected exit code ${wanted}.`);
    process.exit(1);
  }
}
console.log(`\nThe main job took ${((performance.now() - started) / 1_000).toFixed(1)} s.`);
