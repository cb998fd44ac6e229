import type { Context } from '../context/context.ts';
import type { ExitCode } from '../domain/errors/exit-codes.ts';
import type { FailureCode, FailureDocument } from '../domain/errors/failure.ts';
import { completeCommands, completeHints, type Invocation, MISSING_KIOSK } from '../domain/next-command.ts';
import { NO_RUNBOOK, pagesOn, type RunbookPage } from '../domain/runbook.ts';
import type { CardFailure } from '../domain/selection.ts';
import { redact, redactData, redactWord } from '../domain/text/redaction.ts';
import { printable, printableJson } from '../domain/text/terminal-text.ts';
import { utcTime } from '../domain/times/vendor-time.ts';
import { makeDocument, type Result, wantsFlag } from '../output/result.ts';
import { makeStyle, type Style, withLocalTimes } from '../output/style.ts';
import { renderPages } from '../support/support-views.ts';
import { secretsIn } from './settings/secret-variables.ts';
import { CardNames } from './terminal/card-names.ts';
import { type Io, processIo } from './terminal/io.ts';
import type { Log, LogEntry } from './terminal/log-report.ts';
import { setExitCode } from './terminal/signals.ts';

/** A failure as it is printed. */
export interface ShownFailure {
  exitCode: ExitCode;
  document: FailureDocument;
}

/** Prints the results and failures of a command as text or JSON, with secrets redacted. */
export class CommandOutput {
  readonly io: Io;
  readonly isQuiet: boolean;
  /** Short names of cards in text output. */
  readonly names = new CardNames();
  /** True if an interruption needs no message, because the command only reads. */
  isQuietlyInterrupted = false;
  /** True for a server. */
  isServer = false;
  /** The context in JSON documents; null until it is known. */
  named: { name: string; environment: string } | null = null;
  #context: Partial<Context> & Pick<Context, 'secrets' | 'runbook'> = {
    secrets: secretsIn(),
    runbook: async () => NO_RUNBOOK,
  };
  readonly #isJson: boolean;
  /** True to show all columns of tables. */
  readonly #isWide: boolean;
  readonly #command: string | null;
  /** Context flags of the command line, for hints before the context is open. */
  readonly #typed: readonly string[];
  /** True for a stream, which prints each document on one line. */
  #isStream = false;
  /** True after the last document was printed: another one would break the reader's JSON parser. */
  #isOver = false;
  readonly #shownPages = new Set<RunbookPage>();

  /** @param command words of the command; null for a command line without one */
  constructor(argv: readonly string[], command: string | null) {
    this.io = processIo(wantsFlag(argv, '--no-color'));
    this.isQuiet = ['-q', '--quiet'].some((flag) => wantsFlag(argv, flag));
    this.#isJson = wantsFlag(argv, '--json');
    this.#isWide = wantsFlag(argv, '--wide');
    this.#command = command;
    this.#typed = contextFlagsIn(argv);
  }

  /** Sets the context whose name, secrets and runbook are used. */
  about(context: Context): void {
    this.named = context;
    this.#context = context;
    this.names.use(() => context.journal);
  }

  /** Returns the text style for a stream. */
  styleOf(stream: 'stdout' | 'stderr'): Style {
    const columns = this.io.columnsOf(stream);
    const hasErrors = !this.isQuiet && this.io.columnsOf('stderr') !== null;
    const screen = { isWide: this.#isWide, hasErrors, names: this.names };
    const hasColor = this.io.color[stream] && !(stream === 'stderr' && this.log);
    return makeStyle(hasColor, columns === null ? null : { columns, ...screen });
  }

  /**
   * Prints a result and sets the exit code.
   * @param options.isStream true for one result of several
   * @param options.printsIds true if the command prints references with `--quiet`
   */
  async show(
    result: Result,
    { isStream, printsIds }: { isStream: boolean; printsIds: boolean },
  ): Promise<void> {
    this.#isStream = isStream;
    const pages = await this.pagesOn(result.failures ?? []);
    const text = this.#isJson ? '' : await this.#shown(result, printsIds);
    const { exitCode, errors = [] } = result;
    await this.learn(errors);
    if (this.#isJson) this.#print(result, pages);
    else this.io.out(text);
    // Set after printing: an error while printing must not result in exit code 0.
    this.#isOver = !isStream;
    const hasHints = this.styleOf('stdout').screen?.hasErrors;
    const unseen = errors.filter(({ isListed }) => !(isListed && hasHints));
    if (!this.#isJson)
      for (const { about, isClear, error } of unseen)
        this.#complain(error, isClear && !this.isQuiet ? null : about);
    this.#advise(pages);
    setExitCode(exitCode);
  }

  /**
   * Prints the failure that ends the command, and sets the exit code.
   * @returns false if the command has already printed its result; nothing is printed then
   */
  fail({ exitCode, document }: ShownFailure, pages: readonly RunbookPage[] = []): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    if (this.#isJson) this.#print({ exitCode, document: { error: document } }, pages);
    else this.#complain(document, null);
    this.#advise(pages);
    setExitCode(exitCode);
    return true;
  }

  /** Returns the runbook pages for failures. An unreadable runbook never fails the command. */
  async pagesOn(failures: readonly CardFailure[]): Promise<RunbookPage[]> {
    if (failures.length === 0) return [];
    return pagesOn(await this.#context.runbook().catch(() => NO_RUNBOOK), failures);
  }

  /** Returns the JSON document of a result. @param indent spaces per level; 0 for one line */
  toDocument({ exitCode, document }: Pick<Result, 'exitCode' | 'document'>, indent: number): string {
    const { name = null, environment = null } = this.named ?? {};
    const envelope = { command: this.#command, context: name, environment, exitCode };
    const whole = makeDocument(envelope, completeHints(document, this.#invocation));
    return `${printableJson(redactData(whole, this.#context.secrets), indent)}\n`;
  }

  /** The log of a server that prints JSON: one document per line on standard error. Null for people. */
  get log(): Log | null {
    if (!this.#isJson || !this.isServer) return null;
    return (entry) => {
      const time = utcTime(this.io.calendar.now());
      this.io.err(this.toDocument({ exitCode: 0, document: { type: 'log', time, ...entry } }, 0));
    };
  }

  /** Writes a line to standard error, or to the log. */
  tell(level: LogEntry['level'], message: string): void {
    if (this.log) this.log({ level, message });
    else this.io.err(`${message}\n`);
  }

  /** True if every result is printed, without redrawing: with --json or --quiet. */
  get printsDocuments(): boolean {
    return this.#isJson || this.isQuiet;
  }

  /** Returns the context, for the header of a watch. */
  header(): string {
    const { name = '', environment = '' } = this.named ?? {};
    const style = this.styleOf('stdout');
    const header = `Context ${printable(name)}, environment ${environment}`;
    return environment === 'production' ? style.bad(style.bold(header)) : style.bold(header);
  }

  /** Prints lines of text. */
  async lines(lines: readonly string[]): Promise<void> {
    const text = lines.map((line) => `${line}\n`).join('');
    await this.names.learn(text);
    this.io.out(this.names.shorten(text));
  }

  /** Renders the text output of a result. */
  async textOf({ text }: Pick<Result, 'text'>): Promise<string> {
    const style = this.styleOf('stdout');
    const whole = await text(style);
    await this.names.learn(whole);
    return this.io.breakLines(this.#forPeople(whole), 'stdout');
  }

  /** Loads the short names of the cards in errors. */
  async learn(errors: readonly { about?: string | null; error: FailureDocument }[]): Promise<void> {
    if (this.#isJson) return;
    await this.names.learn(
      errors.map(({ about, error }) => `${about} ${error.message} ${error.hint}`).join('\n'),
    );
  }

  /** Returns the text output of a result; with `--quiet` only its references. */
  async #shown(result: Result, printsIds: boolean): Promise<string> {
    const { text, references, isProduct } = result;
    if (this.isQuiet && references)
      return references.map((reference) => `${printable(reference)}\n`).join('');
    if (this.isQuiet && !(isProduct ?? printsIds)) return '';
    if (isProduct) return text(this.styleOf('stdout'));
    const whole = await this.textOf(result);
    return whole.includes(MISSING_KIOSK) ? `${whole}${this.#kiosksOfContext()}` : whole;
  }

  #print({ exitCode, document }: Pick<Result, 'exitCode' | 'document'>, pages: readonly RunbookPage[]): void {
    const whole = { exitCode, document: { ...document, ...(pages.length > 0 && { runbook: pages }) } };
    this.io.out(this.toDocument(whole, this.io.isStdoutTerminal && !this.#isStream ? 2 : 0));
  }

  #complain({ code, message, hint }: FailureDocument, about: string | null): void {
    if (this.isQuietlyInterrupted && code === ('interrupted' satisfies FailureCode)) return;
    const safe = (text: string) => this.#forPeople(printable(redact(text, this.#context.secrets)));
    const subject = about === null ? '' : `${safe(about)}: `;
    const error = this.styleOf('stderr').bad('Error:');
    this.io.err(`${error} ${subject}${safe(message)}\n  ${safe(hint)}\n`);
    if (hint.includes(MISSING_KIOSK)) this.io.err(this.#kiosksOfContext());
  }

  /** Completes commands. Replaces references by short names, and UTC times by local times. */
  #forPeople(text: string): string {
    return withLocalTimes(this.names.shorten(completeCommands(text, this.#invocation)));
  }

  get #invocation(): Partial<Invocation> {
    return this.#context.invocation ?? { flags: this.#typed };
  }

  /** Lists the kiosks of the context, for a command line that needs a kiosk. */
  #kiosksOfContext(): string {
    const { kiosks = [] } = this.#context;
    const more = kiosks.length > NAMED_KIOSKS ? ' …' : '';
    return kiosks.length === 0
      ? ''
      : `  ${MISSING_KIOSK}: ${kiosks.slice(0, NAMED_KIOSKS).map(printable).join(', ')}${more}\n`;
  }

  /** Prints runbook pages, without duplicates. */
  #advise(pages: readonly RunbookPage[]): void {
    if (this.#isJson || this.isQuiet) return;
    const fresh = pages.filter((page) => !this.#shownPages.has(page));
    for (const page of fresh) this.#shownPages.add(page);
    this.io.err(redact(renderPages(fresh, this.styleOf('stderr')), this.#context.secrets));
  }
}

/** Returns the context flags of a command line. Omits a value that may be a mistyped token. */
function contextFlagsIn(argv: readonly string[]): string[] {
  return ['--context', '--environment'].flatMap((flag) => {
    const at = argv.indexOf(flag);
    const value =
      at < 0 ? argv.find((word) => word.startsWith(`${flag}=`))?.slice(flag.length + 1) : argv[at + 1];
    const isName = value !== undefined && /^[\w.-]+$/.test(value) && redactWord(value) === value;
    return isName ? [flag, value] : [];
  });
}

/** Maximum number of kiosks listed below a command. */
const NAMED_KIOSKS = 20;
