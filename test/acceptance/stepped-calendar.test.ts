// The calendar of the machine is set while kioskctl runs, or between two commands: nothing ends or is sent sooner or later.
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Ended, ended, expectError, type User } from '../harness/program.ts';
import { apart, CARD, IN_PROGRESS, json, type OwnVendor, READY } from './vendor.ts';

const HOUR_MS = 3_600_000;

/** Adds the number in a file to the time of day of a process, from the next look at it on. */
const PRELOADED = `
  import { readFileSync } from 'node:fs';
  const RealDate = globalThis.Date;
  const now = () => RealDate.now() + Number(readFileSync(new URL('calendar', import.meta.url), 'utf8'));
  globalThis.Date = class extends RealDate {
    constructor(...of) {
      super(...(of.length === 0 ? [now()] : of));
    }
    static now() {
      return now();
    }
  };`;

/** A machine whose calendar can be set. */
class Machine {
  readonly #started: ChildProcess[] = [];
  readonly #user: User;
  readonly #vendor: OwnVendor;

  constructor(user: User, vendor: OwnVendor) {
    this.#user = user;
    this.#vendor = vendor;
    writeFileSync(join(user.home, 'preload.mjs'), PRELOADED);
    this.step(0);
  }

  /** Sets the calendar to some milliseconds after the real one. */
  step(milliseconds: number): void {
    writeFileSync(join(this.#user.home, 'calendar'), String(milliseconds));
  }

  start(args: string, env: Record<string, string> = {}): ChildProcess {
    const { home, binary } = this.#user;
    const NODE_OPTIONS = `--import=${join(home, 'preload.mjs')}`;
    const words = [binary, ...args.split(' '), '--json', '--base-url', this.#vendor.url];
    const child = this.#user.start(words, { env: { NODE_OPTIONS, ...env } });
    this.#started.push(child);
    return child;
  }

  /** Kills what is still running. */
  [Symbol.dispose](): void {
    for (const child of this.#started) child.kill('SIGKILL');
  }
}

describe.concurrent('a wait during which the calendar is set', () => {
  test.each([
    ['two hours forward', 2 * HOUR_MS],
    ['two hours back', -2 * HOUR_MS],
  ])('%s lasts as long as --timeout says', async (_, step) => {
    await apart({ production: json(IN_PROGRESS) }, async ({ user, vendor }) => {
      using machine = new Machine(user, vendor);
      const child = machine.start(`wait-produced ${CARD} --timeout 6s`);
      const end = ended(child);
      await vendor.asked('production');
      const begun = performance.now();
      machine.step(step);
      expectError(await end, { code: 75, error: 'deadline-passed', message: /within 6s/ });
      const lasted = performance.now() - begun;
      // It began before its first read; the last one may take two seconds, and the end of the process a moment.
      expect(lasted).toBeGreaterThan(1_500);
      expect(lasted).toBeLessThan(12_000);
    });
  });
});

describe.concurrent('a request whose answer is lost before the calendar is set', () => {
  const SETTLE_MS = 5_000;
  const env = { KIOSKCTL_SETTLE: '5s' };
  const produce = `produce ${CARD} --kiosk WIS00001`;

  /** A first command loses the answer to its request, and is interrupted. @returns the end of the second command */
  async function produceTwice(
    machine: Machine,
    { vendor, step }: { vendor: OwnVendor; step: number },
  ): Promise<Ended> {
    const first = machine.start(produce, env);
    const end = ended(first);
    await vendor.asked('produce');
    // It reads the production to find out whether the request arrived.
    await vendor.asked('production');
    first.kill('SIGINT');
    expectError(await end, { code: 8, error: 'outcome-unknown', hint: /wait-produced/ });
    vendor.set({ produce: json(IN_PROGRESS) });
    machine.step(step);
    return ended(machine.start(produce, env));
  }

  test.each([
    ['ten minutes forward', HOUR_MS / 6],
    ['ten minutes back', -HOUR_MS / 6],
  ])('%s is not repeated before its settle window has passed', async (_, step) => {
    await apart(
      { production: json(READY), produce: (response) => response.destroy() },
      async ({ user, vendor }) => {
        using machine = new Machine(user, vendor);
        const second = await produceTwice(machine, { vendor, step });
        expect(second, second.stderr).toMatchObject({ code: 0 });
        const [lost, sent, ...others] = vendor.received.filter(({ endpoint }) => endpoint === 'produce');
        expect(others).toEqual([]);
        const between = (sent?.at ?? 0) - (lost?.at ?? 0);
        expect(between).toBeGreaterThan(SETTLE_MS);
        expect(between).toBeLessThan(4 * SETTLE_MS);
      },
    );
  });
});
