// The main job on the embedded sandbox, in its own home: each command as a user types it, with its output.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'kioskctl-demo-'));

/** An explanation, the command, and its expected exit code. */
const STORY: readonly (readonly [what: string, command: string, exitCode: number])[] = [
  ['A customer orders a card for collection at a kiosk.', 'order', 0],
  ['Wait until the card is ready for production.', 'wait-ready 1001/501', 0],
  ['The customer is at kiosk WIS00001: send the card to it, once.', 'produce 1001/501 --kiosk WIS00001', 0],
  [
    'The hopper door is open. (In a sandbox, you set the result of the machine.)',
    'simulate 1001/501 --status PRODUCTION_ERROR --error-code PRD_HOPPER_DOOR',
    0,
  ],
  [
    'The wait reports it immediately: exit code 4, a retry can succeed after a fix.',
    'wait-produced 1001/501',
    4,
  ],
  ['What does it mean?', 'explain PRD_HOPPER_DOOR', 0],
  [
    'Someone closes the door. Retry the same card: a new attempt, confirmed with --yes.',
    'retry 1001/501 --yes',
    0,
  ],
  [
    'This time the machine produces it, and the customer collects it.',
    'simulate 1001/501 --status PRODUCED',
    0,
  ],
  ['Show the status of the card and its history.', 'status 1001/501 --history', 0],
];

// Settings of the user for real work do not apply to the demo.
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
