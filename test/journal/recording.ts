// Starts and talks to a process that keeps events in a journal (recorder.ts).
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { KeptEvent } from '../../src/domain/event.ts';

export class Recording {
  readonly process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;

  private constructor(file: string, environment: string) {
    this.process = spawn(process.execPath, [join(import.meta.dirname, 'recorder.ts'), file, environment], {
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
