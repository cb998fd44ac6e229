// Waits that another process ends: a listener keeps an event in the journal, and a waiting command sees it.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeptEvent } from '../../src/domain/event.ts';
import { type Ended, ended, expectError, oneDocument, User } from '../harness/program.ts';
import { productionEvent } from '../harness/records.ts';

const OTHER_PROCESS = fileURLToPath(new URL('../harness/other-process.ts', import.meta.url));
const BINARY = fileURLToPath(new URL('../../bin/run.js', import.meta.url));

let user: User;
let recording: Recording | null = null;

beforeEach(() => {
  user = new User();
});
afterEach(async () => {
  await recording?.end('SIGKILL');
  recording = null;
  user.leave();
});

/** Only once the cards are ready: no events of them arrive here, which `order --wait` would wait for. */
async function listen(): Promise<Recording> {
  recording = await Recording.start(join(user.home, 'journal.db'), 'local');
  return recording;
}

/** A card that a kiosk is producing, and the event that will say what became of it. */
async function producing() {
  const card = await user.readyCard();
  const { json } = await user.run(['produce', card, '--kiosk', 'WIS00001', '--json']);
  const { cardToken, production } = json.card;
  const eventOf = (status: string, more = {}) =>
    productionEvent(status, { cardToken, occurredAt: production.occurredAt, ...more });
  return { card, eventOf };
}

/** Starts a command, and waits until it says that it waits. */
async function waiting(args: string[]): Promise<{ child: ChildProcess; end: Promise<Ended> }> {
  const child = user.start([BINARY, ...args]);
  const end = ended(child);
  let said = '';
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      said += text;
      if (/in-progress \(|details-created \(/.test(said)) resolve();
    });
    child.once('close', () => resolve());
  });
  return { child, end };
}

describe('an event that another process keeps', () => {
  test.each(['auto', 'journal'])('ends wait-produced --via %s', async (via) => {
    const { card, eventOf } = await producing();
    const listener = await listen();
    const { end } = await waiting(['wait-produced', card, '--via', via, '--json']);
    await listener.keep(eventOf('PRODUCED', { isTest: true, deliveryId: 'test' }));
    await listener.keep(eventOf('PRODUCED'));
    const result = await end;
    expect(result.code, result.stderr).toBe(0);
    expect(oneDocument(result)).toMatchObject({ via: 'event', card: { stage: 'produced', attempt: 1 } });
    expect(result.stderr).toMatch(/PRODUCED \(event 2\)/);
  });

  test('an event of another process ends produce --wait with the failure that it reports', async () => {
    const card = await user.readyCard();
    const listener = await listen();
    const { end } = await waiting(['produce', card, '--kiosk', 'WIS00001', '--wait', '--json']);
    const { json } = await user.run(['status', card, '--json']);
    const { cardToken, production } = json.card;
    const { occurredAt } = production;
    await listener.keep(productionEvent('PRODUCTION_ERROR', { cardToken, occurredAt }));
    const result = await end;
    expectError(result, { code: 4, error: 'production-failed' });
    expect(result.json).toMatchObject({ via: 'event', card: { stage: 'failed' } });
  });

  test('each event of another process ends the wait for its card', async () => {
    const [one, two] = [await producing(), await producing()];
    const listener = await listen();
    const { end } = await waiting(['wait-produced', one.card, two.card, '--via', 'journal', '--json']);
    await listener.keep(two.eventOf('PRODUCTION_ERROR'));
    await listener.keep(one.eventOf('PRODUCED'));
    const { code, json } = await end;
    expect(code).toBe(4);
    expect(json.cards).toMatchObject([
      { via: 'event', stage: 'produced', outcome: 'done' },
      { via: 'event', stage: 'failed', outcome: 'failed' },
    ]);
  });

  test('an event of another process appears in status --watch', async () => {
    const { card, eventOf } = await producing();
    const listener = await listen();
    const child = user.start([BINARY, 'status', card, '--watch', '--via', 'journal', '--json']);
    const end = ended(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await listener.keep(eventOf('PRODUCED'));
    const { code, stdout } = await end;
    const stages = stdout.trim().split('\n');
    expect(code).toBe(0);
    expect(stages.map((line) => JSON.parse(line).card.stage)).toEqual(['in-progress', 'produced']);
  });

  test('an event of another process ends no wait with --via poll', async () => {
    const { card, eventOf } = await producing();
    const listener = await listen();
    const { end } = await waiting(['wait-produced', card, '--via', 'poll', '--timeout', '600ms', '--json']);
    await listener.keep(eventOf('PRODUCED'));
    expectError(await end, { code: 75, error: 'deadline-passed' });
  });
});

describe('without a listener', () => {
  test('without a listener, --via auto polls and reports this', async () => {
    const { card } = await producing();
    const { end } = await waiting(['wait-produced', card, '--interval', '20ms', '--json']);
    await user.run(['simulate', card, '--status', 'PRODUCED']);
    expect((await end).json).toMatchObject({ exitCode: 0, via: 'api' });
  });

  test('--via auto polls again after the listener was killed', async () => {
    const { card } = await producing();
    const listener = await listen();
    const { end } = await waiting(['wait-produced', card, '--timeout', '20s', '--json']);
    await listener.end('SIGKILL');
    await user.run(['simulate', card, '--status', 'PRODUCED']);
    expect((await end).json).toMatchObject({ exitCode: 0, via: 'api' });
  });

  test.each([['wait-ready'], ['wait-produced'], ['status', '--watch']])(
    'without a listener, %s --via journal is refused with the next step',
    async (...command) => {
      const card = await user.readyCard();
      const refused = await user.run([...command, card, '--via', 'journal', '--json']);
      expectError(refused, { code: 9, error: 'no-listener', hint: /kioskctl listen .*--via auto/ });
    },
  );

  test('a listener of another environment does not count', async () => {
    const card = await user.readyCard();
    recording = await Recording.start(join(user.home, 'journal.db'), 'sandbox');
    expectError(await user.run(['wait-ready', card, '--via', 'journal', '--json']), {
      code: 9,
      error: 'no-listener',
    });
  });
});

describe('bad input', () => {
  test.each([
    ['wait-ready 1001/501 --via webhook', /webhook.*not a mode of waiting/],
    ['wait-produced 1001/501 --via JOURNAL', /JOURNAL.*not a mode of waiting/],
    ['status 1001/501 --watch --via poll,journal', /not a mode of waiting/],
    ['status 1001/501 --via journal', /--watch/],
    ['wait-ready 1001/501 --via', /--via/],
    ['produce 1001/501 --kiosk WIS00001 --via journal', /Unknown flag: --via/],
  ])('%s is a usage mistake', async (args, message) => {
    expectError(await user.run(`${args} --json`), { code: 2, error: 'usage', message });
  });
});

/** A process that stores events in a journal like a listener. */
class Recording {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(file: string, environment: string) {
    this.process = spawn(process.execPath, [OTHER_PROCESS, 'listen', file, environment], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    this.#lines = createInterface({ input: this.process.stdout });
  }

  /** @returns once it listens */
  static async start(file: string, environment: string): Promise<Recording> {
    const recording = new Recording(file, environment);
    await once(recording.#lines, 'line');
    return recording;
  }

  /** @returns when the event was on the disk, in milliseconds since the epoch */
  async keep(kept: KeptEvent): Promise<number> {
    const { deliveryId, isTest, isVerified, id: _id, receivedAt: _at, ...event } = kept;
    const delivery = { deliveryId, isTest, isVerified, signature: isVerified ? 'signed' : null, event };
    this.process.stdin.write(`${JSON.stringify(delivery)}\n`);
    const [line] = (await once(this.#lines, 'line')) as [string];
    return (JSON.parse(line) as { at: number }).at;
  }

  /** @param signal SIGKILL leaves it as if it still listened */
  async end(signal: 'SIGTERM' | 'SIGKILL' | null = null): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const exit = once(this.process, 'exit');
    if (signal) this.process.kill(signal);
    else this.process.stdin.end();
    await exit;
  }
}
