import type { Ora } from 'ora';
import { formatDuration } from '../../domain/times/duration.ts';
import { localTime } from '../../output/style.ts';
import type { Io } from './io.ts';

/** The pause between two updates of the header, in milliseconds. */
const HEARTBEAT_MS = 1_000;

/** A text on standard output that is redrawn in place, below a header with a heartbeat, until it ends. */
export class LiveText {
  readonly #io: Io;
  readonly #title: string;
  readonly #beat: NodeJS.Timeout;
  #spinner: Ora | null = null;
  #text = '';
  /** The number of texts until now. */
  #changes = 0;
  #changedAt: number;
  #checkedAt;

  /** @param title the first line of the header */
  constructor(io: Io, title: string) {
    this.#io = io;
    this.#title = title;
    this.#changedAt = io.calendar.now();
    this.#checkedAt = io.stopwatch.now();
    this.#beat = setInterval(() => this.#redraw(), HEARTBEAT_MS).unref();
  }

  /** Shows a text in place of the last one. */
  async draw(text: string): Promise<void> {
    this.#text = text;
    this.#changes += 1;
    this.#changedAt = this.#io.calendar.now();
    this.checked();
    const { default: ora } = await import('ora');
    this.#spinner ??= ora({ stream: this.#io.stdout, discardStdin: false, isEnabled: true }).start();
    this.#redraw();
  }

  /** Records that the text was found to be current. */
  checked(): void {
    this.#checkedAt = this.#io.stopwatch.now();
  }

  /** Leaves the last text behind. */
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
