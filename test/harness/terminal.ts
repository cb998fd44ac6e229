// A person's terminal: a pty in which kioskctl runs, and a screen that shows what it writes.
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
  /** The exit code, once the program has ended. */
  readonly ended: Promise<number>;
  readonly #pty: IPty;
  readonly #emulator: InstanceType<typeof xterm.Terminal>;
  #written = '';
  #hasEnded = false;
  #changed = Promise.withResolvers<void>();

  private constructor(pty: IPty) {
    this.#pty = pty;
    this.#emulator = new xterm.Terminal({ cols: pty.cols, rows: pty.rows, allowProposedApi: true });
    // Programs may ask a terminal for its colours or its cursor.
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

  /** Starts kioskctl in a terminal, which closes with the test. */
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

  /** What was written until now, with control sequences. */
  get raw(): string {
    return this.#written;
  }

  /** The same without control sequences: a line that is drawn again is there again. */
  get transcript(): string {
    return stripVTControlCharacters(this.#written);
  }

  /** The lines that a person sees now, without what is empty at their ends. */
  async screen(): Promise<string> {
    await new Promise<void>((resolve) => this.#emulator.write('', resolve));
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, row) =>
      active.getLine(active.viewportY + row)?.translateToString(true),
    )
      .join('\n')
      .trimEnd();
  }

  /** Waits until these words are on the screen. */
  async shows(words: string): Promise<void> {
    for (;;) {
      const changed = this.#changed.promise;
      const screen = await this.screen();
      if (screen.includes(words)) return;
      if (this.#hasEnded) throw new Error(`“${words}” was not shown until the end:\n${screen}`);
      await changed;
    }
  }

  /** Types into the terminal; `\r` is the return key, `\u0003` is Ctrl-C. */
  type(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  /** Sends a signal, like SIGHUP, with which the terminal itself would be gone. */
  signal(name: NodeJS.Signals): void {
    this.#pty.kill(name);
  }

  /** Ends what still runs. */
  close(): void {
    if (!this.#hasEnded) this.#pty.kill('SIGKILL');
    this.#emulator.dispose();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
