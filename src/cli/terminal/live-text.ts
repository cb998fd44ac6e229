import type { Ora } from 'ora';
import { formatDuration } from '../../domain/times/duration.ts';
import { localTime } from '../../output/style.ts';
import type { Io } from './io.ts';

/** Milliseconds between two updates of the header. */
const HEARTBEAT_MS = 1_000;

/** A text on standard output that is redrawn in place, with a header that shows the time of the last check. */
export class LiveText {
  readonly #io: Io;
  readonly #title: string;
  readonly #beat: NodeJS.Timeout;
  #spinner: Ora | null = null;
  #text = '';
  /** Number of texts so far. */
  #changes = 0;
  #changedAt: number;
  #checkedAt;

  /** @param title first line of the header */
  constructor(io: Io, title: string) {
    this.#io = io;
    this.#title = title;
    this.#changedAt = io.calendar.now();
    this.#checkedAt = io.stopwatch.now();
    this.#beat = setInterval(() => this.#redraw(), HEARTBEAT_MS).unref();
  }

  /** Replaces the text. */
  async draw(text: string): Promise<void> {
    this.#text = text;
    this.#changes += 1;
    this.#changedAt = this.#io.calendar.now();
    this.checked();
    const { default: ora } = await import('ora');
    this.#spinner ??= ora({ stream: this.#io.stdout, discardStdin: false, isEnabled: true }).start();
    this.#redraw();
  }

  /** Records the time of a check without changes. */
  checked(): void {
    this.#checkedAt = this.#io.stopwatch.now();
  }

  /** Ends the display. The last text remains on the screen. */
  end(): void {
    clearInterval(this.#beat);
    if (!this.#spinner) return;
    this.#spinner.stop();
    this.#spinner = null;
    this.#io.out(`${this.#title}\n${this.#text}`);
  }

  #redraw(): void {
    if (!this.#spinner) return;
    const since = `${this.#changes > 1 ? 'Last change' : 'Since'} ${localTime(this.#changedAt)}`;
    const seconds = Math.floor(this.#io.stopwatch.since(this.#checkedAt) / 1_000);
    const age = formatDuration(seconds * 1_000);
    this.#spinner.text = `${this.#title}\n${since}, checked ${age} ago\n${this.#text.trimEnd()}`;
  }
}
