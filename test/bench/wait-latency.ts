// How long after an event's arrival a waiting `wait-produced` in another process ends. Arrival is when the signed event is
// sent to a real listener; the end, when the waiting process is gone (its document comes a little earlier).
// The API is a served sandbox: a process with one of its own would have to put it away at its end.
// Part of npm run bench:webhooks; needs a build.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Sandbox } from '../../src/sandbox/sandbox.ts';
import { cardBody, deliver, EventSigner } from '../harness/events.ts';
import { User } from '../harness/program.ts';
import { ListenerProcess } from '../harness/served.ts';

const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
const WAITS = 15;
const MEDIAN_LIMIT_MS = 60;

interface Latency {
  /** Milliseconds from arrival to the document, and to the end of the process. */
  document: number;
  exit: number;
}

function median(values: number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}

async function measure(card: string): Promise<Latency> {
  const { json } = await user.run(['produce', card, '--kiosk', 'WIS00001', ...there, '--json'], { env });
  const { cardToken, production } = json.card;
  const child = user.start([BINARY, 'wait-produced', card, '--via', 'journal', ...there, '--json'], { env });
  await once(child.stderr ?? child, 'data');
  // The wait is at one of its pauses, nobody knows which.
  await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 40));
  const event = signer.signed(cardBody({ cardToken, occurred_at: production.occurredAt }));
  const [printed, exited] = [once(child.stdout ?? child, 'data'), once(child, 'exit')];
  const arrived = performance.now();
  void deliver(listener.url, event);
  const [document] = await printed;
  const printedAt = performance.now();
  const [code] = await exited;
  if (code !== 0 || JSON.parse(String(document)).via !== 'event')
    throw new Error(`not by the event: ${document}`);
  return { document: printedAt - arrived, exit: performance.now() - arrived };
}

const user = new User();
const cards: string[] = [];
for (let index = 0; index < WAITS; index += 1) cards.push(await user.readyCard());
const sandbox = new Sandbox({ stateFile: join(user.home, 'sandbox.db'), speed: 50 });
const there = ['--context', 'sandbox', '--base-url', await sandbox.listen({ host: '127.0.0.1', port: 0 })];
const env = { KIOSKCTL_TOKEN: 'any' };
const signer = new EventSigner();
const keyFile = join(user.home, 'key.pem');
writeFileSync(keyFile, signer.publicKey);
const listening = ['--environment', 'sandbox', '--public-key', keyFile, '--catch-up-since', '0'];
const listener = await ListenerProcess.start(user.env, ...listening);
const latencies: Latency[] = [];
for (const card of cards) latencies.push(await measure(card));
await listener.end();
await sandbox.close();
user.leave();

const [document, exit] = [
  median(latencies.map((one) => one.document)),
  median(latencies.map((one) => one.exit)),
];
const worst = Math.max(...latencies.map((one) => one.exit));
console.log(
  `event's arrival to the end of wait-produced in another process, ${WAITS} waits: ` +
    `median ${exit.toFixed(1)} ms (at most ${MEDIAN_LIMIT_MS}), worst ${worst.toFixed(1)} ms; ` +
    `to its document, median ${document.toFixed(1)} ms`,
);
if (exit > MEDIAN_LIMIT_MS) process.exitCode = 1;
