import type { Reading } from '../../context/clocks.ts';
import type { Report } from '../../context/context.ts';
import type { CardCount, CardsProgress, Progress, WaitProgress } from '../../context/progress.ts';
import type { CardIdentity } from '../../domain/ids.ts';
import { printable } from '../../domain/text/terminal-text.ts';
import { formatDuration } from '../../domain/times/duration.ts';
import { makeStyle, withLocalTimes } from '../../output/style.ts';
import { CardNames } from './card-names.ts';
import type { Io } from './io.ts';

/** Maximum time between two lines about a wait, in milliseconds. Only without a terminal. */
const HEARTBEAT_MS = 30_000;

/** Width of the spinner next to its text, in characters. */
const SPINNER_WIDTH = 2;

interface Spinner {
  text: string;
  stop(): void;
}

interface ReportOptions {
  /** True to show only warnings. */
  isQuiet?: boolean;
  /** Short names of cards (default: full references for cards without an order). */
  names?: CardNames;
  /** Completes the commands in messages. */
  complete?: (text: string) => string;
}

/**
 * Shows messages and progress on standard error: with a spinner on a terminal, otherwise with a line per change and a
 * regular heartbeat.
 */
export class TerminalReport implements Report {
  readonly #io: Io;
  readonly #isQuiet: boolean;
  readonly #names: CardNames;
  readonly #complete: (text: string) => string;
  readonly #style;
  /** Last line per card or count, with its time. */
  readonly #lines = new Map<string, { text: string; at: Reading }>();
  readonly #hinted = new Set<string>();
  #spinner: Spinner | null = null;
  #isWaiting = false;
  #cards: CardsProgress | null = null;
  /** Last progress of each card in a wait. */
  readonly #waits = new Map<string, WaitProgress>();

  constructor(
    io: Io,
    { isQuiet = false, names = new CardNames(), complete = (text) => text }: ReportOptions = {},
  ) {
    this.#io = io;
    this.#isQuiet = isQuiet;
    this.#names = names;
    this.#complete = complete;
    this.#style = makeStyle(io.color.stderr);
  }

  note(text: string): void {
    if (!this.#isQuiet) this.#dim(text);
  }

  hint(topic: string, text: string): void {
    if (this.#hinted.has(topic)) return;
    this.#hinted.add(topic);
    this.note(text);
  }

  warn(text: string): void {
    this.#line(`${this.#style.warning('Warning:')} ${printable(text)}`);
  }

  block(text: string): void {
    if (!this.#isQuiet) this.#line(text.trimEnd());
  }

  async learn(card: CardIdentity): Promise<void> {
    return this.#names.learnCard(card);
  }

  progress(progress: Progress | null): void {
    if (this.#isQuiet) return;
    if (progress?.kind === 'cards') this.#showCards(progress);
    else if (progress) this.#showWait(progress);
    else if (!this.#cards) this.#end();
  }

  #showWait(wait: WaitProgress): void {
    if (this.#cards && this.#io.isLive) {
      this.#waits.set(wait.card, wait);
      this.#spinCards(this.#cards);
      return;
    }
    const now = this.#io.stopwatch.now();
    if (this.#io.isLive) void this.#spin(describeWait(wait, now));
    else if (this.#isDue(wait.card, wait.outage ?? wait.state)) this.#dim(describeWait(wait, now));
  }

  #showCards(cards: CardsProgress): void {
    if (cards.counts.length === 0) return this.#end();
    // When a card has ended, drop its wait.
    if (endedIn(cards) !== endedIn(this.#cards)) this.#waits.clear();
    this.#cards = cards;
    if (this.#io.isLive) this.#spinCards(cards);
    else if (cards.news === undefined) for (const count of cards.counts) this.#writeChange(count);
    else this.#writeNews(cards, cards.news);
  }

  #spinCards({ counts }: CardsProgress): void {
    const now = this.#io.stopwatch.now();
    const lines = counts.flatMap((count) => {
      const wait = this.#waits.get(count.current?.card ?? '');
      return describeCount(count, { now, state: wait && (wait.outage ?? wait.state) });
    });
    // The cards only wait.
    if (counts.every(({ current, perSecond }) => current === null && perSecond === null))
      lines.push(...describeWaits([...this.#waits.values()], now));
    void this.#spin(lines.map(printable).join('\n  '));
  }

  #writeChange(count: CardCount): void {
    const [text = ''] = describeCount(count);
    if (this.#lines.get(count.title)?.text !== text) this.#dim(text);
    this.#lines.set(count.title, { text, at: this.#io.stopwatch.now() });
  }

  /** Writes the latest message, and the counts every 30 seconds. */
  #writeNews({ counts }: CardsProgress, news: string | null): void {
    const isFirst = !this.#lines.has('counts');
    if (news !== null) this.#dim(news);
    if (!this.#isDue('counts', '') || isFirst) return;
    this.#dim(counts.flatMap((count) => describeCount(count)).join('; '));
  }

  /** Returns true and records a line if it is due: it is new, or the last one is 30 seconds old. */
  #isDue(about: string, text: string): boolean {
    const { stopwatch } = this.#io;
    const last = this.#lines.get(about);
    if (last?.text === text && stopwatch.since(last.at) < HEARTBEAT_MS) return false;
    this.#lines.set(about, { text, at: stopwatch.now() });
    return true;
  }

  #end(): void {
    this.#cards = null;
    this.#isWaiting = false;
    this.#stopSpinner();
  }

  #stopSpinner(): void {
    this.#spinner?.stop();
    this.#spinner = null;
  }

  #forPeople(text: string): string {
    return withLocalTimes(this.#names.shorten(this.#complete(text)));
  }

  #dim(text: string): void {
    this.#line(this.#style.dim(printable(text)));
  }

  #line(text: string): void {
    this.#stopSpinner();
    this.#io.err(`${this.#forPeople(text)}\n`);
  }

  async #spin(whole: string): Promise<void> {
    const text = this.#io.breakLines(this.#forPeople(whole), 'stderr', SPINNER_WIDTH);
    this.#isWaiting = true;
    if (this.#spinner) {
      this.#spinner.text = text;
      return;
    }
    const { default: ora } = await import('ora');
    // The wait may have ended while ora was loading.
    if (this.#isWaiting)
      this.#spinner ??= ora({ text, stream: this.#io.stderr, discardStdin: false }).start();
  }
}

function endedIn(cards: CardsProgress | null): number {
  return cards?.counts.reduce((sum, { done, failed }) => sum + done + failed, 0) ?? 0;
}

/** Describes the waits for several cards: an outage if there is one, otherwise the time. */
function describeWaits(waits: readonly WaitProgress[], now: Reading): string[] {
  const failed = waits.find(({ outage }) => outage !== null);
  return failed ? [describeWait(failed, now)] : waits.slice(0, 1).map((wait) => elapsedOf(wait, now));
}

function elapsedOf({ since, deadline }: WaitProgress, now: Reading): string {
  const budget = deadline?.minus(since);
  if (budget === 0) return 'one check';
  const limit = budget === undefined ? 'no limit' : formatDuration(budget);
  return `${formatDuration(now.minus(since))} of ${limit}`;
}

function describeWait(wait: WaitProgress, now: Reading): string {
  const { card, state, lastReadAt, outage } = wait;
  const lastRead = lastReadAt === null ? 'never' : `${formatDuration(now.minus(lastReadAt))} ago`;
  const trouble = outage === null ? '' : `can't be read: ${outage} Last successful check: ${lastRead}, `;
  return printable(`${card} ${trouble}${state} (${elapsedOf(wait, now)})`);
}

/**
 * Describes a count in one line, and its groups in a second line.
 * @param live the current time and the state of the current card, which change all the time
 */
function describeCount(count: CardCount, live?: { now: Reading; state: string | undefined }): string[] {
  const { title, done, total, failed, verb, perSecond, timeLeft, current, groups } = count;
  const counts = `${done} of ${total} ${verb}${failed > 0 ? `, ${failed} not` : ''}`;
  const pace = perSecond ? `, ${perSecond.toFixed(perSecond < 10 ? 1 : 0)} a second` : '';
  const rest = timeLeft ? `, about ${formatDuration(timeLeft)} left` : '';
  const state = live?.state ? ` ${live.state}` : '';
  const took = live && current ? ` for ${formatDuration(live.now.minus(current.since))}` : '';
  const now = current === null ? '' : `; now ${current.card}${current.note}${state}${took}`;
  const places = [...groups].map(([stage, number]) => `${number} ${stage}`).join(', ');
  return [`${title}: ${counts}${pace}${rest}${now}`, ...(places ? [places] : [])];
}
