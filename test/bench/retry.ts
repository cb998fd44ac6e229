// npm run bench:retry [cards] [kiosks]: `retry` of many failed cards over many kiosks of the embedded sandbox, with the
// events of a live listener: time, requests a card, and memory, which must not grow with the number of cards.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const CARDS = Number(process.argv[2] ?? 1_000);
const KIOSKS = Number(process.argv[3] ?? 10);
/** The same with few cards, to compare memory with: enough for all code to be warm. */
const FEW = 300;
/** V8 gives garbage as much room as it finds, which hides what is kept: here it gets little. */
const LITTLE_ROOM = '--max-semi-space-size=2';
/** Peak memory of the run with all cards, at most this times that with few. */
const MOST_GROWTH = 1.3;
const MOST_READS = 1.1;
const PROFILE = 1001;

interface Served {
  url: string;
  child: ChildProcess;
}

class Stage {
  readonly home = mkdtempSync(join(tmpdir(), 'kioskctl-bench-'));
  readonly #children: ChildProcess[] = [];
  url = '';

  async open(): Promise<void> {
    const sandbox = await this.#serve([
      'sandbox',
      '--port',
      '0',
      '--speed',
      '1000',
      '--kiosks',
      String(KIOSKS),
    ]);
    this.url = sandbox.url;
    await this.#serve(['listen', '--base-url', this.url, '--port', '0']);
  }

  async call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(path.startsWith('/v') && {
          authorization: 'Bearer any',
          'x-idempotence-uuid': crypto.randomUUID(),
        }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as Answer;
  }

  /** Cards that a bank's own back-end ordered, and that failed at their kiosks. */
  async failedCards(count: number): Promise<void> {
    for (const kioskId of kioskIds())
      await this.call('POST', '/_sandbox/faults', {
        kind: 'outcome',
        kioskId,
        status: 'PRODUCTION_ERROR',
        errorCode: 'PRD_HOPPER_DOOR',
        times: Math.ceil(count / KIOSKS),
      });
    await inParallel(count, async (index) => this.#failedCard(kioskIds()[index % KIOSKS] ?? ''));
    await this.call('DELETE', '/_sandbox/faults');
    for (const kioskId of kioskIds())
      await this.call('POST', '/_sandbox/faults', {
        kind: 'outcome',
        kioskId,
        status: 'PRODUCED',
        times: count,
      });
  }

  async #failedCard(kioskId: string): Promise<void> {
    const order = await this.call<{ id: number }>('POST', `/v3/spend/profiles/${PROFILE}/card-orders`, {
      program: 'VISA_DEBIT_CONSUMER_UK_1_PHYSICAL_CARDS_API',
      cardHolderName: 'Sam Sample',
      address: { firstLine: '1 Sample Street', city: 'London', postCode: 'E1 6JJ', country: 'GB' },
      deliveryOption: 'KIOSK_COLLECTION',
    });
    const cards = `/v3/spend/profiles/${PROFILE}/cards`;
    const statusOf = async () => {
      const { cardToken } = await this.call<{ cardToken: string | null }>(
        'GET',
        `/v3/spend/profiles/${PROFILE}/card-orders/${order.id}`,
      );
      if (cardToken === null) return { cardToken, status: null };
      const { status } = await this.call<{ status: string }>('GET', `${cards}/${cardToken}/production`).catch(
        () => ({ status: null }),
      );
      return { cardToken, status };
    };
    let card = await statusOf();
    while (card.status !== 'READY') card = await statusOf();
    await this.call('PUT', `${cards}/${card.cardToken}/production`, { kioskId });
    while (card.status !== 'PRODUCTION_ERROR') card = await statusOf();
  }

  /** Waits until the listener has heard of all failures. */
  async heard(count: number): Promise<void> {
    for (;;) {
      const { document } = await this.run(['retry', ...selection(), '--dry-run', '--json']);
      const planned = document.plan.kiosks.flatMap(({ cards }: { cards: unknown[] }) => cards).length;
      if (planned === count) return;
    }
  }

  /** Runs a command to its end, and watches its memory. */
  // oxlint-disable-next-line typescript/no-explicit-any -- documents of many shapes
  async run(args: string[]): Promise<{ document: any; seconds: number; memory: number }> {
    const started = performance.now();
    const child = spawn(process.execPath, ['bin/run.js', ...args, '--base-url', this.url], {
      env: { ...this.#env(), NODE_OPTIONS: LITTLE_ROOM },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let stdout = '';
    let memory = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => void (stdout += text));
    const watch = setInterval(() => void (memory = Math.max(memory, peakOf(child.pid ?? 0))), 100);
    await once(child, 'close');
    clearInterval(watch);
    return { document: JSON.parse(stdout), seconds: (performance.now() - started) / 1_000, memory };
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.home, { recursive: true, force: true });
  }

  async #serve(args: string[]): Promise<Served> {
    const child = spawn(process.execPath, ['bin/run.js', ...args, '--json'], {
      env: this.#env(),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const lines = createInterface({ input: child.stdout });
    const [line] = (await once(lines, 'line')) as [string];
    return { url: (JSON.parse(line) as { url: string }).url, child };
  }

  #env(): NodeJS.ProcessEnv {
    return {
      PATH: process.env.PATH,
      HOME: this.home,
      KIOSKCTL_HOME: this.home,
      KIOSKCTL_ENVIRONMENT: 'local',
    };
  }
}

function kioskIds(): string[] {
  return Array.from({ length: KIOSKS }, (_, index) => `WIS${String(index + 1).padStart(5, '0')}`);
}

function selection(): string[] {
  return kioskIds().flatMap((kioskId) => ['--kiosk', kioskId]);
}

/** The most memory that a process ever had, in MiB; 0 once it is gone. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return 0;
  }
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const run = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: 8 }, run));
}

async function measure(count: number) {
  const stage = new Stage();
  try {
    await stage.open();
    await stage.failedCards(count);
    await stage.heard(count);
    const { document, ...figures } = await stage.run([
      'retry',
      ...selection(),
      '--yes',
      '--attended',
      '--json',
    ]);
    const { done = 0 } = document.summary;
    const { reads, sends } = document.requests;
    console.log(
      `${count} cards at ${KIOSKS} kiosks: ${done} produced in ${figures.seconds.toFixed(1)} s, ` +
        `${(reads / count).toFixed(2)} reads and ${(sends / count).toFixed(2)} sends a card, peak memory ${figures.memory.toFixed(0)} MiB`,
    );
    return { ...figures, done, reads: reads / count, sends: sends / count };
  } finally {
    await stage.close();
  }
}

const few = await measure(FEW);
const all = await measure(CARDS);
const growth = all.memory / few.memory;
const checks: [string, boolean][] = [
  [`all produced, ${all.done} of ${CARDS}`, all.done === CARDS && few.done === FEW],
  [`one send a card, ${all.sends.toFixed(2)}`, all.sends === 1],
  [`reads a card, ${all.reads.toFixed(2)} (at most ${MOST_READS})`, all.reads <= MOST_READS],
  [
    `memory of ${CARDS} to that of ${FEW} cards, ${growth.toFixed(2)} (at most ${MOST_GROWTH})`,
    growth <= MOST_GROWTH,
  ],
];
for (const [what, isMet] of checks) console.log(`${isMet ? 'met' : 'NOT MET'}: ${what}`);
process.exitCode = checks.every(([, isMet]) => isMet) ? 0 : 1;
