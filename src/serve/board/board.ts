import type { Context } from '../../context/context.ts';
import { JournalChanges } from '../../context/journal-changes.ts';
import type { AdminAnswer, AdminOptions, AdminStream } from '../../http/admin-server.ts';
import type { EventStream } from '../../http/event-stream.ts';
import { type BoardState, describeBoard } from './board-state.ts';
import { FollowedOverview } from './followed-overview.ts';
import { ASSETS, BUILD, type Moment, PAGE_HEADERS, renderPage } from './page.ts';
import { changesOf, renderScreen, type Screen, type ServerFacts } from './screen.ts';

/** Maximum number of boards that are open at the same time. */
const MOST_BOARDS = 64;

/** Minimum milliseconds between two reads of the journal for all boards. A failure is shown within a second. */
const SPACING_MS = 400;

/** Share of the time that reads may take: the state of thousands of kiosks is read less often. */
const READ_SHARE = 0.25;

/** Maximum pause between two messages, in milliseconds. The script of the board expects one every 15 seconds. */
const PAUSE_MS = 5_000;

/** Maximum time for reading the journal, in milliseconds. */
const READ_MS = 5_000;

interface Viewer {
  stream: EventStream;
  /** The screen that it got last; null for none. */
  screen: Screen | null;
}

/** The content of the last read. */
interface State {
  content: BoardState;
  /** Milliseconds since the epoch. */
  at: number;
}

interface Parts {
  facts: () => Omit<ServerFacts, 'environment'>;
  /** Reads the content (default: from the journal). */
  read?: () => Promise<BoardState>;
}

/** The boards of a server: a page, and the changes of its content while it is open. */
export class Board {
  readonly #ctx: Context;
  readonly #parts: Required<Parts>;
  readonly #viewers = new Set<Viewer>();
  #state: State | null = null;
  #screen: Screen | null = null;
  #reading: Promise<void> | null = null;
  #problem: string | null = null;
  #isFollowing = false;

  constructor(ctx: Context, { facts, read }: Parts) {
    this.#ctx = ctx;
    const followed = new FollowedOverview(ctx);
    this.#parts = { facts, read: read ?? (async () => describeBoard(ctx, await followed.read())) };
  }

  get routes(): AdminOptions['routes'] {
    const routes: Record<string, AdminOptions['routes'][string]> = {};
    for (const [name, { type, body }] of Object.entries(ASSETS))
      routes[`/board/${name}`] = { isOpen: false, answer: async () => ({ httpStatus: 200, type, body }) };
    return {
      ...routes,
      '/board': { isOpen: false, answer: async () => this.#page() },
      '/board/events': { isOpen: false, answer: async () => this.#stream() },
    };
  }

  async #page(): Promise<AdminAnswer> {
    if (!this.#isFollowing) await this.#refresh();
    const { name: context, environment } = this.#ctx;
    const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
    if (!this.#screen)
      return {
        httpStatus: 503,
        type: 'text/plain; charset=utf-8',
        body: `${this.#problem}\n`,
        headers: { 'retry-after': '5' },
      };
    const body = renderPage(this.#screen, { environment, context, timeZone }, this.#moment);
    return { httpStatus: 200, type: 'text/html; charset=utf-8', body, headers: PAGE_HEADERS };
  }

  #stream(): AdminAnswer | AdminStream {
    if (this.#viewers.size < MOST_BOARDS) return { open: (stream) => this.#open(stream) };
    const headers = { 'retry-after': '30' };
    return {
      httpStatus: 503,
      type: 'text/plain; charset=utf-8',
      body: 'too many boards are open\n',
      headers,
    };
  }

  #open(stream: EventStream): void {
    const viewer: Viewer = { stream, screen: null };
    this.#viewers.add(viewer);
    stream.onDrain = () => this.#send(viewer);
    stream.onEnd = () => this.#viewers.delete(viewer);
    if (this.#isFollowing) this.#send(viewer);
    else void this.#follow();
  }

  /** Reads the journal and sends its changes while boards are open. */
  async #follow(): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    this.#isFollowing = true;
    using changes = new JournalChanges(this.#ctx);
    while (this.#viewers.size > 0 && !signal.aborted) {
      const begun = stopwatch.now();
      await this.#refresh();
      const spacing = Math.min(PAUSE_MS, Math.max(SPACING_MS, stopwatch.since(begun) / READ_SHARE));
      const messages = new Map<Screen | null, string>();
      for (const viewer of this.#viewers) this.#send(viewer, messages);
      await changes.sleep(PAUSE_MS, { spacing }).catch(() => undefined);
    }
    this.#isFollowing = false;
  }

  /** Reads the journal and renders it. A read that takes too long goes on, and the boards show the age of their state. */
  async #refresh(): Promise<void> {
    const { stopwatch, signal } = this.#ctx;
    const over = new AbortController();
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    const late = stopwatch.sleep(READ_MS, AbortSignal.any([signal, over.signal])).then(
      () => (this.#problem = 'The journal does not answer.'),
      () => undefined,
    );
    await Promise.race([this.#reading, late]);
    over.abort();
    await late;
    if (this.#state) this.#screen = this.#render(this.#state.content);
  }

  async #read(): Promise<void> {
    const at = this.#ctx.calendar.now();
    try {
      this.#state = { content: await this.#parts.read(), at };
      this.#problem = null;
    } catch {
      // Messages of failures may name files and servers.
      this.#problem = 'The journal cannot be read.';
    }
  }

  /** Renders the content. Returns the same object if nothing has changed. */
  #render(content: BoardState): Screen {
    const screen = renderScreen(content, { environment: this.#ctx.environment, ...this.#parts.facts() });
    const isSame = this.#screen && Object.keys(changesOf(this.#screen, screen)).length === 0;
    return this.#screen && isSame ? this.#screen : screen;
  }

  get #moment(): Moment {
    const now = this.#ctx.calendar.now();
    return { now, readAt: this.#state?.at ?? null, offset: -new Date(now).getTimezoneOffset() };
  }

  /**
   * Sends the changes since the last message to a viewer. One that reads slowly gets them when it has caught up.
   * @param messages the messages of this moment, by the screen that a viewer has
   */
  #send(viewer: Viewer, messages = new Map<Screen | null, string>()): void {
    if (viewer.stream.isBusy) return;
    const message = messages.get(viewer.screen) ?? this.#messageAfter(viewer.screen);
    messages.set(viewer.screen, message);
    viewer.screen = this.#screen;
    viewer.stream.send('state', message);
  }

  #messageAfter(before: Screen | null): string {
    const after = this.#screen;
    const regions = after && before !== after ? changesOf(before, after) : {};
    return JSON.stringify({ build: BUILD, problem: this.#problem, ...this.#moment, regions });
  }
}
