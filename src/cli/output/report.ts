import { formatDuration } from '../../domain/duration.ts';
import { printable } from '../../domain/terminal-text.ts';
import type { Progress, Report } from '../../workflows/context.ts';
import type { Io } from '../io/io.ts';
import { makeStyle } from './style.ts';

/** Without a terminal, a wait says at least this often that it still goes on. */
const HEARTBEAT_MS = 30_000;

interface Spinner {
  text: string;
  stop(): void;
}

/** Tells people on standard error: a spinner where something may move, else a line for each change and a heartbeat. */
export class TerminalReport implements Report {
  readonly #io: Io;
  readonly #isQuiet: boolean;
  readonly #style;
  /** What was said last about each card, and when. */
  readonly #said = new Map<string, { text: string; at: number }>();
  #spinner: Spinner | null = null;
  #isWaiting = false;

  /** @param isQuiet leaves out all but warnings */
  constructor(io: Io, isQuiet: boolean) {
    this.#io = io;
    this.#isQuiet = isQuiet;
    this.#style = makeStyle(io.color.stderr);
  }

  note(text: string): void {
    if (!this.#isQuiet) this.#line(this.#style.dim(printable(text)));
  }

  warn(text: string): void {
    this.#line(`${this.#style.warning('Warning:')} ${printable(text)}`);
  }

  progress(progress: Progress): void {
    if (this.#isQuiet) return;
    this.#isWaiting = true;
    if (this.#io.isLive) void this.#spin(this.#describe(progress));
    else this.#sayChange(progress);
  }

  settled(): void {
    this.#isWaiting = false;
    this.#spinner?.stop();
    this.#spinner = null;
  }

  #line(text: string): void {
    this.#spinner?.stop();
    this.#spinner = null;
    this.#io.err(`${text}\n`);
  }

  async #spin(text: string): Promise<void> {
    if (this.#spinner) {
      this.#spinner.text = text;
      return;
    }
    const { default: ora } = await import('ora');
    // The wait may have ended while ora was loaded.
    if (this.#isWaiting)
      this.#spinner ??= ora({ text, stream: this.#io.stderr, discardStdin: false }).start();
  }

  #sayChange(progress: Progress): void {
    const now = this.#io.clock.now();
    const text = progress.outage ?? progress.state;
    const last = this.#said.get(progress.subject);
    if (last?.text === text && now - last.at < HEARTBEAT_MS) return;
    this.#said.set(progress.subject, { text, at: now });
    this.#line(this.#style.dim(this.#describe(progress)));
  }

  #describe({ subject, state, since, deadline, lastLookAt, outage }: Progress): string {
    const now = this.#io.clock.now();
    const elapsed = `${formatDuration(now - since)} of ${deadline === null ? 'no limit' : formatDuration(deadline - since)}`;
    if (outage === null) return printable(`${subject} ${state} (${elapsed})`);
    const lastLook = lastLookAt === null ? 'never' : `${formatDuration(now - lastLookAt)} ago`;
    return printable(
      `${subject} can't be read: ${outage} Last good look: ${lastLook}, ${state} (${elapsed})`,
    );
  }
}
