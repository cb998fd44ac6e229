// Records commands in a terminal, as a user sees them: for docs/session.svg and the samples of the documentation.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { spawn } from '@lydell/node-pty';
import xterm, { type IBufferCell } from '@xterm/headless';

const BINARY = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const ROWS = 400;

const LONGEST_MS = 60_000;

/** In a shell, the commands of the documentation run as they are printed. Nobody is there to answer prompts. */
const PROGRAM = `exec < /dev/null\nkioskctl() { "$KIOSKCTL_NODE" "$KIOSKCTL_BINARY" "$@"; }\n`;

interface RecordingOptions {
  /** The home folder of the user, which is shown as `/home/ada`. */
  home: string;
  columns: number;
  env?: Record<string, string>;
}

/** A terminal on which commands run one after the other. */
export class Recording {
  readonly #options: RecordingOptions;
  readonly #screen: xterm.Terminal;

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#screen = new xterm.Terminal({ cols: options.columns, rows: ROWS, allowProposedApi: true });
    mkdirSync(options.home, { recursive: true });
  }

  /** Runs a command line in a shell. @returns the lines that it left on the screen */
  async run(command: string): Promise<string[]> {
    const { home, columns } = this.#options;
    const from = this.#end;
    const child = spawn('/bin/sh', ['-c', PROGRAM + command], {
      cols: columns,
      rows: ROWS,
      cwd: home,
      env: this.#env(),
    });
    let written = '';
    child.onData((data) => void (written += data));
    const limit = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
    const { signal } = await new Promise<{ signal?: number }>((done) => child.onExit(done));
    clearTimeout(limit);
    await this.write(written.replaceAll(home, '/home/ada'));
    const lines = this.#linesFrom(from);
    if (signal) throw new Error(`${command} did not end:\n${lines.join('\n')}`);
    return lines;
  }

  /** Returns the lines from a row, each whole: a terminal breaks them at its edge. */
  #linesFrom(from: number): string[] {
    const lines: string[] = [];
    for (let row = from; row < this.#end; row += 1) {
      const line = this.#screen.buffer.active.getLine(row);
      const text = line?.translateToString(true) ?? '';
      if (line?.isWrapped && lines.length > 0) lines.push(`${lines.pop()}${text}`);
      else lines.push(text);
    }
    return lines.map((line) => line.trimEnd());
  }

  async write(text: string): Promise<void> {
    await new Promise<void>((done) => this.#screen.write(text, done));
  }

  /** The cells of all rows. */
  *rows(): Generator<IBufferCell[]> {
    for (let row = 0; row < this.#end; row += 1) {
      const line = this.#screen.buffer.active.getLine(row);
      const length = line?.translateToString(true).length ?? 0;
      yield Array.from({ length }, (_, column) => line?.getCell(column)).filter((cell) => cell !== undefined);
    }
  }

  get #end(): number {
    const { cursorY, baseY } = this.#screen.buffer.active;
    return baseY + cursorY;
  }

  /** Settings of this machine, and of the session in which this runs, do not apply. */
  #env(): Record<string, string> {
    const { home, env } = this.#options;
    return {
      PATH: process.env.PATH ?? '',
      KIOSKCTL_NODE: process.execPath,
      KIOSKCTL_BINARY: BINARY,
      HOME: home,
      KIOSKCTL_HOME: home,
      SHELL: '/bin/bash',
      TERM: 'xterm-256color',
      TZ: 'UTC',
      ...env,
    };
  }
}
