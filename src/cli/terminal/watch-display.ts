import type { Result } from '../../output/result.ts';
import { localTime } from '../../output/style.ts';
import type { Io } from './io.ts';
import { LiveText } from './live-text.ts';

/** The output of a watch. */
interface WatchOutput {
  io: Io;
  /** True if every result is printed (with --json or --quiet), without redrawing. */
  printsDocuments: boolean;
  /** Returns the header that names the context. */
  header(): string;
  lines(lines: readonly string[]): Promise<void>;
  textOf(result: Result): Promise<string>;
}

/** The findings of one read of a watch: rows with unique names, and the result that the command prints. */
export interface Watched<Row> {
  rows: readonly Row[];
  nameOf: (row: Row) => string;
  /** Describes a row in one line. */
  lineOf: (row: Row) => string;
  /** Creates the result. @param changed names of the rows that changed */
  result: (changed: ReadonlySet<string>) => Result;
}

/**
 * Shows the states of a watch. With --json or --quiet, prints the result of each state. Otherwise, redraws the state in
 * place on a terminal, or prints one line per changed row to a file or pipe.
 */
export class WatchDisplay<Row> {
  readonly #output: WatchOutput;
  readonly #emit: (result: Result) => Promise<void>;
  readonly #rows = new Map<string, string>();
  #live: LiveText | null = null;
  #isFirst = true;

  /** @param emit prints one result of several */
  constructor(output: WatchOutput, emit: (result: Result) => Promise<void>) {
    this.#output = output;
    this.#emit = emit;
  }

  async changed({ rows, nameOf, lineOf, result }: Watched<Row>): Promise<void> {
    const changed = this.#changesIn(rows, nameOf);
    const marked = this.#isFirst ? new Set<string>() : new Set(changed.map(nameOf));
    this.#isFirst = false;
    const { io, printsDocuments } = this.#output;
    if (printsDocuments) await this.#emit(result(marked));
    else if (io.isStdoutLive) await this.#draw(result(marked));
    else await this.#output.lines(changed.map((row) => `${localTime(io.calendar.now())} ${lineOf(row)}`));
  }

  checked(): void {
    this.#live?.checked();
  }

  end(): void {
    this.#live?.end();
  }

  #changesIn(rows: readonly Row[], nameOf: (row: Row) => string): Row[] {
    return rows.filter((row) => {
      const [name, now] = [nameOf(row), JSON.stringify(row, withoutIds)];
      const isNews = this.#rows.get(name) !== now;
      this.#rows.set(name, now);
      return isNews;
    });
  }

  async #draw(result: Result): Promise<void> {
    const text = await this.#output.textOf(result);
    this.#live ??= new LiveText(this.#output.io, this.#output.header());
    await this.#live.draw(text);
  }
}

/**
 * Reads repeatedly. `onChange` receives states that differ from the previous one; `onRead` is called after each read.
 */
export type Watch<Seen> = (onChange: (seen: Seen) => Promise<void>, onRead: () => void) => Promise<unknown>;

/** Shows a watch until it ends. @param view converts what was read to a result and rows */
export async function showWatch<Seen, Row>(
  watch: Watch<Seen>,
  { view, display }: { view: (seen: Seen) => Watched<Row>; display: WatchDisplay<Row> },
): Promise<void> {
  try {
    await watch(
      async (seen) => display.changed(view(seen)),
      () => display.checked(),
    );
  } finally {
    display.end();
  }
}

/** Removes request ids. They differ each time, but a repeated failure is no change. */
function withoutIds(key: string, value: unknown): unknown {
  return key === 'details' || key === 'latest' ? undefined : value;
}
