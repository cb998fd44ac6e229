import type { Reading } from '../../context/clocks.ts';
import type { BoardRow, Progress, Report, Tally } from '../../context/context.ts';
import type { Covered } from '../../context/coverage.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import type { RetryPlan } from '../../kiosks/retry-plan.ts';
import { makeStyle } from '../../output/style.ts';
import type { Io } from './io.ts';

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
  /** The last line about each card, and its time. */
  readonly #said = new Map<string, { text: string; at: Reading }>();
  readonly #hinted = new Set<string>();
  #spinner: Spinner | null = null;
  #isWaiting = false;
  #board: readonly BoardRow[] | null = null;
  /** The last state of each card. */
  readonly #states = new Map<string, string>();

  /** @param isQuiet leaves out all but warnings */
  constructor(io: Io, isQuiet: boolean) {
    this.#io = io;
    this.#isQuiet = isQuiet;
    this.#style = makeStyle(io.color.stderr);
  }

  note(text: string): void {
    if (!this.#isQuiet) this.#line(this.#style.dim(printable(text)));
  }

  hint(topic: string, text: string): void {
    if (this.#hinted.has(topic)) return;
    this.#hinted.add(topic);
    this.note(text);
  }

  warn(text: string): void {
    this.#line(`${this.#style.warning('Warning:')} ${printable(text)}`);
  }

  progress(progress: Progress): void {
    if (this.#isQuiet) return;
    if (this.#board && this.#io.isLive) {
      this.#states.set(progress.subject, progress.outage ?? progress.state);
      this.#showBoard(this.#board);
      return;
    }
    this.#isWaiting = true;
    if (this.#io.isLive) void this.#spin(this.#describe(progress));
    else this.#sayChange(progress);
  }

  settled(): void {
    // While a board is shown, it stays.
    if (this.#board) return;
    this.#isWaiting = false;
    this.#stopSpinner();
  }

  async plan(plan: RetryPlan, covered: Covered): Promise<void> {
    if (this.#isQuiet) return;
    const { renderPlan } = await import('../../kiosks/render-plan.ts');
    this.#line((await renderPlan(plan, covered, this.#style)).trimEnd());
  }

  board(rows: readonly BoardRow[] | null): void {
    if (this.#isQuiet) return;
    this.#board = rows;
    if (!rows) this.settled();
    else if (this.#io.isLive) this.#showBoard(rows);
    else for (const row of rows) this.#sayRow(row);
  }

  tally(tally: Tally | null, news?: string): void {
    if (this.#isQuiet) return;
    if (!tally) this.settled();
    else if (this.#io.isLive) {
      this.#isWaiting = true;
      void this.#spin(describeTally(tally).map(printable).join('\n  '));
    } else this.#sayTally(tally, news);
  }

  /** Prints news, and the overall progress from time to time. */
  #sayTally(tally: Tally, news: string | undefined): void {
    const now = this.#io.stopwatch.now();
    const last = this.#said.get('tally');
    if (news !== undefined) this.#line(this.#style.dim(printable(news)));
    if (last && now.minus(last.at) < HEARTBEAT_MS) return;
    this.#said.set('tally', { text: '', at: now });
    if (last) this.#line(this.#style.dim(describeTally(tally).map(printable).join('; ')));
  }

  #showBoard(rows: readonly BoardRow[]): void {
    this.#isWaiting = true;
    const now = this.#io.stopwatch.now();
    const lines = rows.map((row) => describeRow(row, { now, state: this.#states.get(row.card ?? '') }));
    void this.#spin(lines.map(printable).join('\n  '));
  }

  /** A line when a kiosk goes on to another card, or ends. */
  #sayRow(row: BoardRow): void {
    const text = describeRow({ ...row, since: null }, { now: null, state: undefined });
    if (this.#said.get(row.kioskId)?.text === text) return;
    this.#said.set(row.kioskId, { text, at: this.#io.stopwatch.now() });
    this.#line(this.#style.dim(printable(text)));
  }

  #stopSpinner(): void {
    this.#spinner?.stop();
    this.#spinner = null;
  }

  #line(text: string): void {
    this.#stopSpinner();
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
    const now = this.#io.stopwatch.now();
    const text = progress.outage ?? progress.state;
    const last = this.#said.get(progress.subject);
    if (last?.text === text && now.minus(last.at) < HEARTBEAT_MS) return;
    this.#said.set(progress.subject, { text, at: now });
    this.#line(this.#style.dim(this.#describe(progress)));
  }

  #describe({ subject, state, since, deadline, lastLookAt, outage }: Progress): string {
    const now = this.#io.stopwatch.now();
    const elapsed = `${formatDuration(now.minus(since))} of ${deadline === null ? 'no limit' : formatDuration(deadline.minus(since))}`;
    if (outage === null) return printable(`${subject} ${state} (${elapsed})`);
    const lastLook = lastLookAt === null ? 'never' : `${formatDuration(now.minus(lastLookAt))} ago`;
    return printable(
      `${subject} can't be read: ${outage} Last good look: ${lastLook}, ${state} (${elapsed})`,
    );
  }
}

/** A kiosk of a retry in one line: how far it is, which card it makes, and how long the rest takes. */
function describeRow(
  row: BoardRow,
  { now, state }: { now: Reading | null; state: string | undefined },
): string {
  const { kioskId, produced, total, failed, card, since, left, timeLeft, note } = row;
  const counts = `${produced} of ${total} produced${failed > 0 ? `, ${failed} not` : ''}`;
  const rest = left > 0 && timeLeft !== null ? `, about ${formatDuration(timeLeft)} left` : '';
  const took = since && now ? ` for ${formatDuration(now.minus(since))}` : '';
  const current = card === null ? '' : `; now ${card}${note}${state ? ` ${state}` : ''}${took}`;
  return `${kioskId}: ${counts}${rest}${current}`;
}

/** A run in two lines: how far it is and how fast, and where the cards on their way are. */
function describeTally({ title, total, passed, failed, stages, perSecond, timeLeft }: Tally): string[] {
  const counts = `${passed} of ${total} passed${failed > 0 ? `, ${failed} not` : ''}`;
  const pace = perSecond > 0 ? `, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)} a second` : '';
  const rest = timeLeft !== null && timeLeft > 0 ? `, about ${formatDuration(timeLeft)} left` : '';
  const places = [...stages].map(([stage, count]) => `${count} ${stage}`).join(', ');
  return [`${title}: ${counts}${pace}${rest}`, ...(places ? [places] : [])];
}
