// A pseudo-terminal in which kioskctl runs, and the screen that a user sees.
import { stripVTControlCharacters } from 'node:util';
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { onTestFinished } from 'vitest';
import type { User } from './program.ts';

export interface TerminalOptions {
  columns?: number;
  rows?: number;
  env?: Record<string, string>;
}

export class Terminal {
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  readonly #emulator: InstanceType<typeof xterm.Terminal>;
  #written = '';
  #hasEnded = false;
  #changed = Promise.withResolvers<void>();

  private constructor(pty: IPty) {
    this.#pty = pty;
    this.#emulator = new xterm.Terminal({ cols: pty.cols, rows: pty.rows, allowProposedApi: true });
    // Programs may query a terminal for its colours or cursor.
    this.#emulator.onData((answer) => pty.write(answer));
    pty.onData((text) => {
      this.#written += text;
      this.#emulator.write(text, () => this.#change());
    });
    this.ended = new Promise((resolve) => {
      pty.onExit(({ exitCode, signal }) => {
        this.#hasEnded = true;
        this.#change();
        resolve(signal ? 128 + signal : exitCode);
      });
    });
  }

  /** Starts kioskctl in a terminal. It is closed with the test. */
  static open(user: User, args: string | string[], options: TerminalOptions = {}): Terminal {
    const { columns: cols = 80, rows = 24, env = {} } = options;
    const words = typeof args === 'string' ? args.split(' ') : args;
    const pty = spawn(process.execPath, [user.binary, ...words], {
      cols,
      rows,
      env: { ...user.env, TERM: 'xterm-256color', ...env },
    });
    const terminal = new Terminal(pty);
    onTestFinished(() => terminal.close());
    return terminal;
  }

  /** All output so far, with control sequences. */
  get raw(): string {
    return this.#written;
  }

  /** All output so far, without control sequences. Redrawn lines are repeated. */
  get transcript(): string {
    return stripVTControlCharacters(this.#written);
  }

  /** The visible lines, without trailing empty lines and spaces. */
  async screen(): Promise<string> {
    await new Promise<void>((resolve) => this.#emulator.write('', resolve));
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) =>
      active.getLine(active.viewportY + row)?.translateToString(true),
    )
      .join('\n')
      .trimEnd();
  }

  /** Waits until a text is on the screen, also if a line is broken within it. */
  async shows(words: string): Promise<void> {
    for (;;) {
      const changed = this.#changed.promise;
      const screen = await this.screen();
      if (screen.includes(words) || screen.replaceAll(/\s+/g, ' ').includes(words)) return;
      if (this.#hasEnded) throw new Error(`“${words}” was not shown until the end:\n${screen}`);
      await changed;
    }
  }

  /** Types keys; `\r` is return, `\u0003` is Ctrl-C. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Sends a signal to the program. For SIGHUP, which closing the terminal would cause. */
  signal(name: NodeJS.Signals): void {
    this.#pty.kill(name);
  }

  /** Kills the program if it is still running. */
  close(): void {
    if (!this.#hasEnded) this.#pty.kill('SIGKILL');
    this.#emulator.dispose();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
