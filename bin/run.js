#!/usr/bin/env node
// CommonJS that every Node from 12 on understands, so that one that is too old reaches the message about it.
'use strict';
const NEEDED = [24, 15];

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1]);
}

function refuse(argv) {
  const message = `kioskctl needs Node ${NEEDED.join('.')} or newer; this is ${process.version}.`;
  const hint =
    'Install it with "nvm install 24" or "fnm install 24", or from https://nodejs.org/en/download.';
  const end = argv.indexOf('--');
  const isJson = (end < 0 ? argv : argv.slice(0, end)).includes('--json');
  const error = { code: 'node-too-old', message, hint };
  const document = { schemaVersion: 1, command: null, context: null, environment: null, exitCode: 2, error };
  process.exitCode = 2;
  if (isJson) process.stdout.write(`${JSON.stringify(document)}\n`);
  else process.stderr.write(`Error: ${message} ${hint}\n`);
}

/**
 * Keeps V8's young generation of a long run or a server at its initial size: it never shrinks, and doubles their memory.
 * Both keep little, so garbage is collected when the heap is half as large again, not four times as large.
 */
function limitMemory() {
  const command = process.argv[2];
  if (command !== 'run' && command !== 'serve') return;
  const { setFlagsFromString } = require('node:v8');
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
}

async function run() {
  limitMemory();
  let isFinished = false;
  // A program that waits for nothing any more, and has not finished, has failed. Node's own top-level await ends so, too.
  process.once('beforeExit', () => {
    if (!isFinished) process.exitCode = process.exitCode || 13;
  });
  const { main } = require('../dist/main.cjs');
  await main(`${require('node:path').dirname(__dirname)}/`, { isOwnProcess: true });
  isFinished = true;
}

// Node would open an inspector, through which anybody on this machine could run code as this user.
process.on('SIGUSR1', () => undefined);

if (isTooOld()) refuse(process.argv.slice(2));
else void run();
