import { Command } from '@oclif/core';
import type { Context, Environment } from '../context/context.ts';
import type { Files } from '../context/files.ts';
import { isOfSignal } from '../domain/errors/exit-codes.ts';
import { asFailure, Failure, failure, PassedOnError } from '../domain/errors/failure.ts';
import { commandLine } from '../domain/next-command.ts';
import { causeOf } from '../domain/results.ts';
import type { Runbook } from '../domain/runbook.ts';
import type { CardFailure } from '../domain/selection.ts';
import { globalFlags } from '../input/flags.ts';
import type { Result } from '../output/result.ts';
import type { Style } from '../output/style.ts';
import { openRunbook } from '../support/runbook-file.ts';
import { CommandOutput, type ShownFailure } from './command-output.ts';
import { asUsageFailure, stdinTwice } from './help/usage-errors.ts';
import type { OpenContext } from './open-context.ts';
import type { Effect } from './production-guard.ts';
import { loadSettings, runbookOf, type Settings } from './settings/settings.ts';
import type { ContextFlags } from './settings/sources.ts';
import { makeFiles } from './terminal/files.ts';
import type { Io } from './terminal/io.ts';
import { TerminalReport } from './terminal/progress-display.ts';
import {
  endWithReader,
  hangUpFailure,
  interruption,
  onForcedEnd,
  runAsServer,
  STDOUT_CLOSED,
  wordOf,
} from './terminal/signals.ts';
import type { Watch, Watched } from './terminal/watch-display.ts';

/** Base class of all commands: opens the context, prints the result, and converts errors to output and exit code. */
export abstract class BaseCommand extends Command {
  static effect: Effect;
  /** The meaning of `--kiosk`: the destination of cards, or a filter. */
  static kioskFlag: 'destination' | 'filter' = 'filter';
  static override baseFlags = globalFlags;

  readonly #output = new CommandOutput(this.argv, this.id?.replaceAll(':', ' ') ?? null);
  protected readonly io: Io = this.#output.io;
  protected readonly files: Files = makeFiles(this.io);
  #open: OpenContext | null = null;

  /** Executes the command. Thrown errors are printed. */
  protected abstract perform(): Promise<Result | null>;

  override async run(): Promise<void> {
    this.#output.isQuietlyInterrupted = this.isWatch;
    onForcedEnd((failure) => this.#output.fail(this.#explain(this.#unanswered(failure))), {
      mayHaveSent: () => this.#open?.context.wise.mayHaveSent ?? false,
    });
    if (this.isServer) runAsServer((line) => this.#output.tell('warning', line));
    this.#output.isServer = this.isServer;
    try {
      const result = await this.perform();
      if (result) await this.emit(result);
      // For a server, SIGINT and SIGTERM are the normal end.
      const hungUp = this.isServer ? hangUpFailure() : null;
      if (hungUp) throw hungUp;
    } catch (error) {
      if (error !== STDOUT_CLOSED) await this.#fail(error);
    } finally {
      await this.#open?.close().catch((error: unknown) => void this.#output.fail(this.#explain(error)));
    }
  }

  /**
   * Opens the context that flags and environment select, and applies the production guard.
   * @param effect replaces the effect that the command declares, for this invocation
   * @param answersOf returns the missing flags that would answer the command's prompts; a non-interactive session
   * requires them
   */
  protected async context(
    flags: ContextFlags,
    effect: Effect = this.#type.effect,
    answersOf: (context: Context) => readonly string[] = () => [],
  ): Promise<Context> {
    if (flags['token-stdin'] && this.argv.some((word) => /^(-|--[\w-]+=-)$/.test(word))) throw stdinTwice();
    const [{ openContext }, { guardProduction, isAction, nameContext }] = await Promise.all([
      import('./open-context.ts'),
      import('./production-guard.ts'),
    ]);
    const hasDestination = this.#type.kioskFlag === 'destination';
    const { isServer } = this;
    const { io } = this;
    const { names, log } = this.#output;
    this.#open = await openContext(flags, { io, names, effect, isServer, hasDestination, log });
    const { context, settings } = this.#open;
    this.#output.about(context);
    // The context is always shown before an action. A redrawn watch shows it in its header.
    const isInHeader = flags.watch === true && io.isStdoutLive && !this.#output.printsDocuments;
    if (isAction(effect) || !(this.#output.isQuiet || isInHeader))
      this.#output.tell('info', nameContext(settings, this.#output.styleOf('stderr')));
    await guardProduction(context, { effect, flags, io, answers: answersOf(context) });
    return context;
  }

  /**
   * Sets the context of the output for a command that also works with unusable settings.
   * @returns null for unusable settings
   */
  protected async nameContext(flags: ContextFlags): Promise<Settings | null> {
    try {
      return await this.settings(flags);
    } catch {
      this.#output.named = null;
      return null;
    }
  }

  /** Reads the team's runbook without opening the context. @throws Failure if `--runbook` names an unusable file */
  protected async runbook(flags: ContextFlags): Promise<Runbook> {
    const settings = await this.nameContext(flags);
    const report = new TerminalReport(this.io, this.#output);
    return openRunbook({
      given: flags.runbook,
      configured: settings && runbookOf(settings),
      files: this.files,
      warn: (text) => report.warn(text),
    })();
  }

  /** Reads the settings without opening the context. @throws Failure */
  protected async settings(flags: ContextFlags): Promise<Settings> {
    const settings = await loadSettings(flags);
    this.named(settings.contextName, settings.environment);
    return settings;
  }

  /** Sets the context that the output names. */
  protected named(name: string, environment: Environment): void {
    this.#output.named = { name, environment };
  }

  /** Loads the short names of the cards in a text. */
  protected async learnCards(text: string): Promise<void> {
    await this.#output.names.learn(text);
  }

  /** Renders a text of several lines, with short names for its cards. */
  protected async message(render: (style: Style) => Promise<string>): Promise<string> {
    const text = await render(this.#output.styleOf('stderr'));
    await this.learnCards(text);
    return text;
  }

  /** True for a server, which must not block the event loop while it waits for the journal. */
  protected get isServer(): boolean {
    return false;
  }

  /** True for a read-only watch, which prints no message when it is interrupted. */
  protected get isWatch(): boolean {
    return this.#type.effect === 'reads';
  }

  protected get opened(): OpenContext {
    if (!this.#open) throw new TypeError('the context is not open');
    return this.#open;
  }

  /** Returns the signal that interrupted the command, as a list with one failure; empty for none. */
  protected interruptions(): Failure[] {
    const { reason } = interruption();
    return reason instanceof Failure ? [this.#afterSignal(reason)] : [];
  }

  /** Prints a result. @param options.isStream true for one result of several, each printed on one line */
  protected async emit(result: Result, { isStream = false } = {}): Promise<void> {
    if (isStream) await endWithReader();
    // Commands that print no references only have the global --quiet flag.
    await this.#output.show(result, { isStream, printsIds: 'quiet' in { ...this.ctor.flags } });
  }

  /**
   * Runs a watch until it ends.
   * @param watch reads repeatedly and reports what it read
   * @param view converts what was read to a result and rows
   */
  protected async watch<Seen, Row>(watch: Watch<Seen>, view: (seen: Seen) => Watched<Row>): Promise<null> {
    await endWithReader();
    const { showWatch, WatchDisplay } = await import('./terminal/watch-display.ts');
    const emit = async (result: Result) => this.emit(result, { isStream: true });
    await showWatch(watch, { view, display: new WatchDisplay<Row>(this.#output, emit) });
    return null;
  }

  /** Returns the JSON document of a result. @param indent spaces per level; 0 for one line */
  protected toDocument(result: Pick<Result, 'exitCode' | 'document'>, indent: number): string {
    return this.#output.toDocument(result, indent);
  }

  async #fail(error: unknown): Promise<void> {
    const shown = this.#explain(error);
    await this.#output.learn([{ error: shown.document }]);
    this.#output.fail(shown, await this.#output.pagesOn(causesOf(error)));
  }

  #explain(error: unknown): ShownFailure {
    if (error instanceof PassedOnError) return { exitCode: error.exitCode, document: error.document };
    const failure = this.#afterSignal(asUsageFailure(error, this.#usage()) ?? asFailure(error));
    return { exitCode: failure.exitCode, document: failure.toDocument() };
  }

  /** Creates the failure for a second signal: the outcome of requests in flight is unknown. */
  #unanswered(ending: Failure): Failure {
    const unknown = [...(this.#open?.context.unanswered ?? [])].map((failureOf) => failureOf());
    const [first, ...others] = unknown;
    if (!first || !isOfSignal(ending.exitCode)) return ending;
    const message = [wordOf(ending), ...unknown.map((one) => one.message)].join(' ');
    const { invocation } = this.#open?.context ?? { invocation: { flags: [] } };
    const hint =
      others.length === 0 ? first.hint : `Check these cards: ${commandLine(['status'], invocation)}`;
    return failure('outcome-unknown', message, hint, first.details);
  }

  /** Adds advice to the failure of a signal. If nothing was sent, the command can simply be repeated. */
  #afterSignal(ending: Failure): Failure {
    if (!isOfSignal(ending.exitCode)) return ending;
    if (!this.mayHaveChanged)
      return failure(ending.code, `${wordOf(ending)} Nothing was sent.`, 'Run the same command again.');
    const { invocation } = this.#open?.context ?? { invocation: { flags: [] } };
    const hint = `Requests already sent may still complete. Check: ${commandLine(['status'], invocation)}`;
    return failure(ending.code, ending.message, hint);
  }

  /** True if a request with an effect was sent. */
  protected get mayHaveChanged(): boolean {
    return this.#open?.mayHaveSent() ?? false;
  }

  #usage() {
    const id = this.id ?? '';
    const below = this.config.commandIDs.filter((one) => one.startsWith(`${id}:`));
    const flags = Object.keys({ ...this.ctor.flags, ...this.ctor.baseFlags });
    return { id, flags, subcommands: below.map((one) => one.slice(id.length + 1)) };
  }

  get #type(): typeof BaseCommand {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- oclif types it as its own Command
    return this.ctor as typeof BaseCommand;
  }
}

function causesOf(error: unknown): CardFailure[] {
  const cause = error instanceof Failure ? causeOf(error.toDocument()) : null;
  return cause ? [cause] : [];
}
